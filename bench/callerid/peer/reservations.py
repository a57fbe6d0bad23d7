"""What is kept in Redis: who has which number, how often numbers were used and agents have asked.

One round trip for each command, as in the program that this is a copy of.
"""

import json
from datetime import UTC, datetime

from redis.asyncio import Redis

AGENT_WINDOW_SECONDS = 60
HOUR = ("%Y%m%d%H", 3600)
DAY = ("%Y%m%d", 86400)


class Reservations:
    def __init__(self, dsn, seconds, per_agent):
        self.redis = Redis.from_url(dsn, encoding="utf-8", decode_responses=True, max_connections=50)
        self.seconds = seconds
        self.per_agent = per_agent

    async def agent_may_ask(self, agent):
        return await self._count(f"rate_limit:{agent}", AGENT_WINDOW_SECONDS) <= self.per_agent

    async def is_free(self, number, hourly_limit, daily_limit):
        if await self.redis.exists(f"reservation:{number}"):
            return False
        hour = int(await self.redis.get(_usage(number, HOUR)) or 0)
        day = int(await self.redis.get(_usage(number, DAY)) or 0)
        return hour < hourly_limit and day < daily_limit

    async def reserve(self, number, agent, campaign, destination):
        """False when another request was faster."""
        value = {
            "caller_id": number,
            "agent": agent,
            "campaign": campaign,
            "destination": destination,
            "reserved_at": datetime.now(UTC).isoformat(),
        }
        if not await self.redis.set(f"reservation:{number}", json.dumps(value), nx=True, ex=self.seconds):
            return False
        for owner in (f"active_reservations:{campaign}", f"agent_reservations:{agent}"):
            await self.redis.sadd(owner, number)
            await self.redis.expire(owner, self.seconds + 60)
        return True

    async def used(self, number):
        await self._count(_usage(number, HOUR), HOUR[1])
        await self._count(_usage(number, DAY), DAY[1])
        # Nobody reads this set.
        await self.redis.zadd("caller_id_lru", {number: datetime.now(UTC).timestamp()})

    async def added(self, number):
        await self.redis.zadd("caller_id_lru", {number: 0})

    async def health(self):
        info = await self.redis.info()
        return {
            "status": "healthy",
            "connected_clients": info["connected_clients"],
            "used_memory": info["used_memory_human"],
            "uptime_seconds": info["uptime_in_seconds"],
        }

    async def close(self):
        await self.redis.aclose()

    async def _count(self, key, seconds):
        count = await self.redis.incr(key)
        if count == 1:
            await self.redis.expire(key, seconds)
        return count


def _usage(number, period):
    return f"usage:{number}:{datetime.now(UTC).strftime(period[0])}"
