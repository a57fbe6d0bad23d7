"""The peer: a caller-ID rotation service as they are commonly written, on FastAPI, PostgreSQL and Redis.

A small copy of one that was published: the same steps for each request, the same pools, the same log lines; its faults too,
such as answering 503 while numbers are free. Where it is tuned by its environment, so is this:

CALLERID_POSTGRES, CALLERID_REDIS   the two servers
CALLERID_ADMIN_TOKEN                for POST /add-number
CALLERID_RESERVED_FOR               seconds, 300 unless given
CALLERID_RATE_LIMIT_PER_AGENT       requests a minute, 100 unless given
"""

import logging
import os
import re
import secrets
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from reservations import Reservations
from schema import ApiLog, CallerId, Reservation
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

RESERVED_FOR = int(os.environ.get("CALLERID_RESERVED_FOR", "300"))
PER_AGENT = int(os.environ.get("CALLERID_RATE_LIMIT_PER_AGENT", "100"))
CANDIDATES = 10

logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
log = logging.getLogger("callerid")
engine = create_async_engine(os.environ["CALLERID_POSTGRES"], pool_pre_ping=True, pool_size=20, max_overflow=40)
sessions = async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
reservations = Reservations(os.environ["CALLERID_REDIS"], RESERVED_FOR, PER_AGENT)


@asynccontextmanager
async def lifespan(_app):
    yield
    await reservations.close()
    await engine.dispose()


async def session():
    async with sessions() as opened:
        yield opened


Database = Annotated[AsyncSession, Depends(session)]
Token = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]

app = FastAPI(lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])


@app.get("/next-cid")
async def next_cid(to: str, campaign: str, agent: str, database: Database):
    began = time.monotonic()
    to, campaign, agent = sanitized(to, 20), sanitized(campaign, 100), sanitized(agent, 100)
    if len(digits(to)) < 10:
        raise HTTPException(400, "Invalid destination phone number")
    if not await reservations.agent_may_ask(agent):
        raise HTTPException(429, f"Rate limit exceeded for agent {agent}")

    found = await reserved(database, to, campaign, agent)
    if found is None:
        raise HTTPException(503, "No available caller-IDs at this time")

    now = datetime.now(UTC)
    await database.execute(update(CallerId).where(CallerId.caller_id == found.caller_id).values(last_used=now))
    database.add(
        Reservation(
            caller_id=found.caller_id,
            reserved_until=now + timedelta(seconds=RESERVED_FOR),
            agent=agent,
            campaign=campaign,
            destination=to,
        )
    )
    await reservations.used(found.caller_id)
    await database.commit()
    database.add(
        ApiLog(
            endpoint="/next-cid",
            method="GET",
            agent=agent,
            campaign=campaign,
            caller_id_allocated=found.caller_id,
            destination=to,
            response_time_ms=int((time.monotonic() - began) * 1000),
            status_code=200,
        )
    )
    await database.commit()
    log.info("allocated %s to agent %s for campaign %s", found.caller_id, agent, campaign)
    return {
        "success": True,
        "caller_id": found.caller_id,
        "area_code": found.area_code,
        "carrier": found.carrier,
        "reserved_for": RESERVED_FOR,
        "destination": to,
        "agent": agent,
        "campaign": campaign,
    }


async def reserved(database, to, campaign, agent):
    """A number that is ours now. Whoever loses the race for it tries one other."""
    first = await free(database, area_code(to), without=[])
    if first is None or await reservations.reserve(first.caller_id, agent, campaign, to):
        if first is not None:
            log.info("reserved %s for agent %s, campaign %s", first.caller_id, agent, campaign)
        return first
    log.warning("%s is already reserved, retrying", first.caller_id)
    second = await free(database, area_code(to), without=[first.caller_id])
    if second is None or not await reservations.reserve(second.caller_id, agent, campaign, to):
        return None
    log.info("reserved %s for agent %s, campaign %s", second.caller_id, agent, campaign)
    return second


async def free(database, code, without):
    """The first that is free among the ten of this area code that were used longest ago."""
    active = select(CallerId).where(CallerId.is_active == 1)
    if without:
        active = active.where(CallerId.caller_id.notin_(without))
    longest_ago = active.order_by(CallerId.last_used.asc().nullsfirst()).limit(CANDIDATES)
    candidates = (await database.execute(longest_ago.where(CallerId.area_code == code))).scalars().all()
    if not candidates:
        candidates = (await database.execute(longest_ago)).scalars().all()
    for one in candidates:
        if await reservations.is_free(one.caller_id, one.hourly_limit, one.daily_limit):
            return one
    return None


@app.post("/add-number")
async def add_number(
    caller_id: str,
    token: Token,
    database: Database,
    carrier: str | None = None,
    in_area: Annotated[str | None, Query(alias="area_code")] = None,
    daily_limit: int | None = None,
    hourly_limit: int | None = None,
):
    if not secrets.compare_digest(token.credentials, os.environ["CALLERID_ADMIN_TOKEN"]):
        raise HTTPException(403, "Invalid admin token")
    caller_id = sanitized(caller_id, 20)
    if len(digits(caller_id)) < 10:
        raise HTTPException(400, "Invalid caller-ID format")
    if (await database.execute(select(CallerId).where(CallerId.caller_id == caller_id))).first():
        raise HTTPException(409, f"Caller-ID {caller_id} already exists")
    added = CallerId(
        caller_id=caller_id,
        carrier=sanitized(carrier or "", 100) or None,
        area_code=sanitized(in_area or "", 10) or area_code(caller_id),
        daily_limit=daily_limit or 500,
        hourly_limit=hourly_limit or 100,
    )
    database.add(added)
    await database.commit()
    await reservations.added(caller_id)
    return {"success": True, "message": f"Caller-ID {caller_id} added successfully", "data": {"id": added.id}}


@app.get("/health")
async def health(database: Database):
    await database.execute(select(func.count()).select_from(CallerId))
    return {"status": "healthy", "database": "healthy", "redis": await reservations.health()}


def sanitized(value, length):
    return re.sub(r"[^\w\s\-\.\@\+]", "", value)[:length]


def digits(value):
    return re.sub(r"\D", "", value)


def area_code(number):
    national = digits(number)
    return national[1:4] if len(national) == 11 and national.startswith("1") else national[:3]
