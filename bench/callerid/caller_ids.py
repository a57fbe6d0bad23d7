"""Writes so many made-up caller IDs in 20 area codes, as the CSV file that both sides take in: caller_ids.py COUNT

Their exchanges are 211 to 611, which no telephone has: those are service codes. The limits are out of the way.
"""

import sys

AREA_CODES = "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228".split()
EXCHANGES = (211, 311, 411, 511, 611)
PER_EXCHANGE = 10_000
MOST = len(AREA_CODES) * len(EXCHANGES) * PER_EXCHANGE
LIMIT = 1_000_000

count = int(sys.argv[1])
if not 1 <= count <= MOST:
    sys.exit(f"{count} is not in 1 to {MOST}")
print("caller_id,carrier,area_code,hourly_limit,daily_limit")
for index in range(count):
    line, code = divmod(index, len(AREA_CODES))
    exchange, line = divmod(line, PER_EXCHANGE)
    area_code = AREA_CODES[code]
    print(f"{area_code}{EXCHANGES[exchange]}{line:04},Carrier {code % 3 + 1},{area_code},{LIMIT},{LIMIT}")
