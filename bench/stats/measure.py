"""Call statistics of Cordboard beside the queries of the program before, over the same three databases.

The program before asks its databases one after the other; its function for countries was never published: this one looks up at
most four prefixes by primary key and is declared DETERMINISTIC, which is the favourable case.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql

SOURCES = 3
TOKEN = "a-token-of-this-measurement"
COLUMNS = (
    "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,duration,billsec,disposition,uniqueid,did,recordingfile,"
    "cnum,cnam,linkedid,sequence"
)
TABLE = """CREATE TABLE cdr (
    calldate datetime NOT NULL DEFAULT '1000-01-01 00:00:00', clid varchar(80) NOT NULL DEFAULT '',
    src varchar(80) NOT NULL DEFAULT '', dst varchar(80) NOT NULL DEFAULT '', dcontext varchar(80) NOT NULL DEFAULT '',
    channel varchar(80) NOT NULL DEFAULT '', dstchannel varchar(80) NOT NULL DEFAULT '',
    lastapp varchar(80) NOT NULL DEFAULT '', lastdata varchar(80) NOT NULL DEFAULT '', duration int NOT NULL DEFAULT 0,
    billsec int NOT NULL DEFAULT 0, disposition varchar(45) NOT NULL DEFAULT '', amaflags int NOT NULL DEFAULT 0,
    accountcode varchar(20) NOT NULL DEFAULT '', uniqueid varchar(32) NOT NULL DEFAULT '',
    userfield varchar(255) NOT NULL DEFAULT '', did varchar(50) NOT NULL DEFAULT '',
    recordingfile varchar(255) NOT NULL DEFAULT '', cnum varchar(80) NOT NULL DEFAULT '',
    cnam varchar(80) NOT NULL DEFAULT '', linkedid varchar(32) NOT NULL DEFAULT '', sequence int NOT NULL DEFAULT 0,
    KEY calldate (calldate)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"""
KEYS = "ALTER TABLE cdr ADD KEY dst (dst), ADD KEY uniqueid (uniqueid)"
COUNTRY = """CREATE FUNCTION get_country_code(dst VARCHAR(80)) RETURNS VARCHAR(8) DETERMINISTIC READS SQL DATA
BEGIN
    DECLARE digits VARCHAR(80) DEFAULT TRIM(LEADING '0' FROM TRIM(LEADING '+' FROM dst));
    DECLARE length INT DEFAULT 4;
    DECLARE found VARCHAR(8) DEFAULT NULL;
    WHILE length > 0 AND found IS NULL DO
        SET found = (SELECT code FROM country_codes WHERE code = LEFT(digits, length));
        SET length = length - 1;
    END WHILE;
    RETURN found;
END"""
CALLSTAT = """SELECT cnum, cnam, COUNT(DISTINCT uniqueid), COUNT(DISTINCT dst),
    ROUND(SUM(CASE WHEN disposition = 'ANSWERED' AND lastapp = 'Dial' THEN billsec ELSE 0 END) / 60, 2),
    COUNT(DISTINCT CASE WHEN disposition = 'ANSWERED' AND lastapp = 'Dial' AND billsec > 90 THEN uniqueid END),
    ROUND(SUM(CASE WHEN disposition = 'ANSWERED' AND lastapp = 'Dial' AND billsec > 90 THEN billsec ELSE 0 END) / 60, 2)
    FROM cdr WHERE {period} AND cnum >= 2000 AND cnum <= 3999 AND lastapp IN ('Dial', 'Busy', 'Congestion')
    AND disposition <> 'FAILED' AND dst NOT REGEXP '^[0-9]{{4}}$' GROUP BY cnum, cnam"""
ASRSTAT = """SELECT get_country_code(cdr.dst) AS code, country_codes.country,
    COUNT(DISTINCT CASE WHEN disposition = 'ANSWERED' THEN uniqueid END), COUNT(DISTINCT uniqueid), COUNT(DISTINCT dst),
    ROUND(SUM(CASE WHEN disposition = 'ANSWERED' THEN billsec ELSE 0 END) / 60, 2)
    FROM cdr JOIN country_codes ON country_codes.code = get_country_code(cdr.dst)
    WHERE {period} AND lastapp = 'Dial' AND disposition IN ('ANSWERED', 'NO ANSWER', 'BUSY', 'FAILED')
    AND dst NOT REGEXP '^[0-9]{{4}}$' GROUP BY get_country_code(cdr.dst), country_codes.country"""
MONTH = (
    "calldate >= DATE_FORMAT(CURDATE() - INTERVAL 1 MONTH, '%Y-%m-01') AND calldate < DATE_FORMAT(CURDATE(), '%Y-%m-01')"
)
WEEK = (
    "calldate >= CURDATE() - INTERVAL WEEKDAY(CURDATE()) + 7 DAY"
    " AND calldate < CURDATE() - INTERVAL WEEKDAY(CURDATE()) + 2 DAY"
)
# The Wednesday of the last whole week, as the program before asked for a day.
DAY = "DATE(calldate) = CURDATE() - INTERVAL WEEKDAY(CURDATE()) + 5 DAY"
# The same day without a function around the column: what the rows alone cost, whoever asks.
DAY_ALONE = (
    "calldate >= CURDATE() - INTERVAL WEEKDAY(CURDATE()) + 5 DAY AND calldate < CURDATE() - INTERVAL WEEKDAY(CURDATE()) + 4 DAY"
)
ALONE = "SELECT SUM(billsec), COUNT(dst), COUNT(cnum), COUNT(uniqueid) FROM cdr WHERE {period}"
CODES = (
    "421 420 43 49 1 44 36 48 33 39 34 31 32 41 45 46 47 358 351 353 30 40 359 385 386 381 387 389 355 370 371 372 373 374"
    " 375 380 7 90 972 971 966 965 968 973 974 961 962 963 964 98 91 92 93 94 95 60 61 62 63 64 65 66 81 82 84 86 852 853 855"
    " 856 880 886 20 27 211 212 213 216 218 220 221 233 234 237 244 249 251 254 255 256 260 263 51 52 54 55 56 57 58 593"
).split()


class Database:
    """The MariaDB of the lab, and our three databases in it."""

    def __init__(self, dsn):
        url = urllib.parse.urlparse(dsn)
        self.host, self.port, self.user = url.hostname, url.port, urllib.parse.unquote(url.username)
        self.password = urllib.parse.unquote(url.password or "")
        self.names = [f"{url.path.strip('/') or 'bench'}_cdr{n}" for n in range(1, SOURCES + 1)]

    def connect(self, name=None):
        return pymysql.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, database=name, local_infile=True,
            autocommit=True,
        )

    def fill(self, generator, rows, days, folder):
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL local_infile = 1")
        with ThreadPoolExecutor(SOURCES) as pool:
            fill = [
                pool.submit(self.fill_one, name, [generator, str(seed), str(rows), str(days)], folder)
                for seed, name in enumerate(self.names, 1)
            ]
            for one in fill:
                one.result()

    def fill_one(self, name, generator, folder):
        """Nothing of the rows lies on the disk but what the database makes of them."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        with self.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute(TABLE)
            cursor.execute("CREATE TABLE country_codes (code VARCHAR(8) PRIMARY KEY, country VARCHAR(40))")
            cursor.executemany("INSERT INTO country_codes VALUES (%s, %s)", [(code, f"+{code}") for code in CODES])
            cursor.execute(COUNTRY)
            pipe = folder / f"{name}.fifo"
            os.mkfifo(pipe)
            with subprocess.Popen(["sh", "-c", '"$0" "$1" "$2" "$3" > "$4"', *generator, str(pipe)]):
                cursor.execute(f"LOAD DATA LOCAL INFILE '{pipe}' INTO TABLE cdr FIELDS ESCAPED BY '' ({COLUMNS})")
            cursor.execute(KEYS)
            cursor.execute("ANALYZE TABLE cdr")

    def people(self):
        """How many different destinations each extension called in the last month, over all databases."""
        rows = " UNION ALL ".join(
            f"SELECT cnum, dst FROM `{name}`.cdr WHERE {MONTH} AND cnum >= 2000 AND cnum <= 3999"
            " AND lastapp IN ('Dial', 'Busy', 'Congestion') AND disposition <> 'FAILED' AND dst NOT REGEXP '^[0-9]{4}$'"
            for name in self.names
        )
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT cnum, COUNT(DISTINCT dst) FROM ({rows}) calls GROUP BY cnum")
            return dict(cursor.fetchall())

    def ask(self, text):
        """The rows of all databases, one after the other as before, and the seconds it took."""
        begun, answers = time.perf_counter(), []
        for name in self.names:
            with self.connect(name) as connection, connection.cursor() as cursor:
                cursor.execute(text)
                answers.append(cursor.fetchall())
        return answers, time.perf_counter() - begun

    def drop(self):
        with self.connect() as connection, connection.cursor() as cursor:
            for name in self.names:
                cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


class Cordboard:
    """A Cordboard that reads the three databases, with what is in its folder or anew."""

    def __init__(self, program, database, folder):
        folder.mkdir(exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        sources = "".join(
            f'[[cdr_source]]\nname = "pbx{n}"\nhost = "{database.host}"\nport = {database.port}\nuser = "{database.user}"\n'
            f'password = {json.dumps(database.password)}\ndatabase = "{name}"\n'
            for n, name in enumerate(database.names, 1)
        )
        self.data = folder / "data"
        config = folder / "cordboard.toml"
        config.write_text(
            f'[server]\nlisten = "127.0.0.1:{self.port}"\n[data]\nfolder = "{self.data}"\n'
            f'[statistics]\napi_token = "{TOKEN}"\n{sources}'
        )
        self.begun = time.perf_counter()
        log = (folder / "cordboard.log").open("a")
        self.process = subprocess.Popen([program, "serve", "--config", str(config)], stdout=log, stderr=log)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                assert self.process.poll() is None, f"cordboard has ended; see {folder}/cordboard.log"
                time.sleep(0.01)
        self.up = time.perf_counter() - self.begun

    def get(self, what):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/api/v1/{TOKEN}/{what}")
            answer = connection.getresponse()
            return json.loads(answer.read())
        finally:
            connection.close()

    def wait(self, days):
        """Seconds until everything has been read, asked once a second: an answer of 90 days takes memory, too."""
        first = time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86400))
        today = time.strftime("%Y-%m-%d", time.gmtime())
        while True:
            answer = self.get(f"callstat?start={first}&end={today}")
            if "errors" not in answer:
                return time.perf_counter() - self.begun
            time.sleep(1)

    def first(self, what):
        """Seconds until the first question has its answer, whole."""
        begun = time.perf_counter()
        while True:
            answer = self.get(what)
            if "errors" not in answer and all("error" not in it for it in answer.get("databases", {}).values()):
                return time.perf_counter() - begun

    def time(self, what, rounds):
        """Milliseconds of each of some questions over one connection."""
        connection, times = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60), []
        for _ in range(rounds):
            begun = time.perf_counter()
            connection.request("GET", f"/api/v1/{TOKEN}/{what}")
            connection.getresponse().read()
            times.append((time.perf_counter() - begun) * 1000)
        return times

    def memory(self):
        """Resident, now and at its most, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        value = {line.split(":")[0]: line.split()[1] for line in status if line.startswith(("VmRSS", "VmHWM"))}
        return int(value["VmRSS"]) / 1024, int(value["VmHWM"]) / 1024

    def disk(self):
        return sum(file.stat().st_size for file in self.data.rglob("*") if file.is_file())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def differ(ours, theirs, people):
    """Whose figures of a month are not those of the databases, once their arithmetic is put right where it is wrong."""
    seconds, calls, long_calls, long_seconds = {}, {}, {}, {}
    for rows in theirs:
        for cnum, _name, count, _dst, minutes, long_count, long_minutes in rows:
            # An extension whose name changed is several rows there.
            for sums, value in ((calls, count), (seconds, minutes), (long_calls, long_count), (long_seconds, long_minutes)):
                sums[cnum] = sums.get(cnum, 0) + float(value or 0)
    return [
        row["cnum"]
        for row in ours["data"]
        if row["call_count"] != calls.get(row["cnum"], 0)
        or row["long_calls_count"] != long_calls.get(row["cnum"], 0)
        or row["unique_calls"] != people.get(row["cnum"], 0)
        or abs(row["total_call_time_minutes"] - seconds.get(row["cnum"], 0)) > 0.05
        or abs(row["total_long_calls_minutes"] - long_seconds.get(row["cnum"], 0)) > 0.05
    ] + sorted(set(calls) - {row["cnum"] for row in ours["data"]})


def differ_by_country(ours, theirs):
    """The same of countries, source by source; there, what is of no country is left out."""
    wrong = []
    for n, rows in enumerate(theirs, 1):
        known = {row["country_code"]: row for row in ours["databases"][f"pbx{n}"]["data"]}
        for code, _name, answered, calls, people, minutes in rows:
            row = known.pop(code, {"answered_calls": 0, "total_calls": 0, "unique_destinations": 0, "total_talk_minutes": 0})
            same = (row["answered_calls"], row["total_calls"], row["unique_destinations"]) == (answered, calls, people)
            if not same or abs(row["total_talk_minutes"] - float(minutes or 0)) > 0.01:
                wrong.append(f"pbx{n} {code}")
        wrong += [f"pbx{n} {code}" for code in known if code]
    return wrong


def said(wrong):
    return f"NOT THE SAME: {', '.join(wrong[:5])} ({len(wrong)} in all)" if wrong else "the same"


PERIODS = (("day", DAY), ("week", WEEK), ("month", MONTH))


def wednesday():
    """Of the last whole week."""
    now = time.gmtime()
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - (now.tm_wday + 5) * 86400))


def date(period):
    return wednesday() if period == "day" else period


def measure(arguments, database, folder):
    before, answers = {}, {}
    for what, text in (("callstat", CALLSTAT), ("asrstat", ASRSTAT)):
        for period, where in PERIODS:
            answers[what, period], before[what, period] = database.ask(text.format(period=where))

    alone = {
        period: database.ask(ALONE.format(period=where))[1]
        for period, where in (("day", DAY_ALONE), ("week", WEEK), ("month", MONTH))
    }
    print("\n| first question, nothing read yet | before, s | rows alone, s | ours, s | ours is |\n|---|---:|---:|---:|---:|")
    for what, period in before:
        cordboard = Cordboard(arguments.cordboard, database, folder / f"{what}-{period}")
        try:
            ours = cordboard.first(f"{what}?date={date(period)}")
        finally:
            cordboard.stop()
        seconds = before[what, period]
        cells = f"{seconds:.2f} | {alone[period]:.2f} | {ours:.2f} | {seconds / ours:,.1f} ×"
        print(f"| {what} {period} | {cells} |", flush=True)

    (counts, _) = database.ask("SELECT COUNT(*) FROM cdr")
    rows = sum(answer[0][0] for answer in counts)
    cordboard = Cordboard(arguments.cordboard, database, folder / "all")
    try:
        seconds = cordboard.wait(arguments.days)
        now, most = cordboard.memory()
        print(
            f"\nread in {seconds:.1f} s: {rows / seconds:,.0f} rows/s; {cordboard.disk() / rows:.0f} bytes a row on disk; "
            f"memory {now:.0f} MB, at most {most:.0f} MB",
            flush=True,
        )
    finally:
        cordboard.stop()
    cordboard = Cordboard(arguments.cordboard, database, folder / "all")
    try:
        print(f"up again in {cordboard.up:.2f} s", flush=True)
        print("\n| | before, s | ours first, ms | p50, ms | p99, ms | ours is |\n|---|---:|---:|---:|---:|---:|")
        for what, period in before:
            [first] = cordboard.time(f"{what}?date={date(period)}", 1)
            times = sorted(cordboard.time(f"{what}?date={date(period)}", arguments.rounds))
            median, worst = statistics.median(times), times[int(len(times) * 0.99)]
            seconds = before[what, period]
            print(
                f"| {what} {period} | {seconds:.2f} | {first:.1f} | {median:.2f} | {worst:.2f} | {seconds * 1000 / median:,.0f} × |",
                flush=True,
            )
        now, most = cordboard.memory()
        print(f"\nmemory {now:.0f} MB, at most {most:.0f} MB since it is up again", flush=True)
        ours = cordboard.get("callstat?date=month&profile=as_before")
        print(f"figures of extensions are {said(differ(ours, answers['callstat', 'month'], database.people()))}", flush=True)
        ours = cordboard.get("asrstat?date=month&profile=as_before")
        print(f"figures of countries are {said(differ_by_country(ours, answers['asrstat', 'month']))}", flush=True)
    finally:
        cordboard.stop()


def main():
    arguments = argparse.ArgumentParser()
    for name, kind in (("rows", int), ("days", int), ("rounds", int), ("cordboard", str), ("generator", str)):
        arguments.add_argument(f"--{name}", type=kind, required=True)
    arguments = arguments.parse_args()
    database = Database(os.environ["CORDBOARD_TEST_MARIADB"])
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        print(f"{arguments.rows:,} rows over {arguments.days} days in {SOURCES} databases", flush=True)
        begun = time.perf_counter()
        try:
            database.fill(arguments.generator, arguments.rows // SOURCES, arguments.days, folder)
            print(f"made and loaded in {time.perf_counter() - begun:.0f} s", flush=True)
            measure(arguments, database, folder)
        finally:
            database.drop()


if __name__ == "__main__":
    main()
