"""The tables, with every index of the program that this is a copy of; the indexes are part of what a request costs."""

from sqlalchemy import JSON, BigInteger, DateTime, Index, Integer, String, func
from sqlalchemy.orm import DeclarativeBase, mapped_column


class Base(DeclarativeBase):
    pass


def key():
    return mapped_column(BigInteger, primary_key=True, autoincrement=True)


def text(length, **options):
    return mapped_column(String(length), **options)


def count(default):
    return mapped_column(Integer, default=default, server_default=str(default), nullable=False)


def time(**options):
    return mapped_column(DateTime(timezone=True), **options)


class CallerId(Base):
    __tablename__ = "caller_ids"
    __table_args__ = (
        Index("caller_ids_area_code_is_active", "area_code", "is_active"),
        # Ascending, NULLs last; the query asks for NULLs first, and so cannot use it.
        Index("caller_ids_last_used", "last_used"),
    )

    id = key()
    caller_id = text(20, unique=True, index=True, nullable=False)
    carrier = text(100)
    area_code = text(10, index=True)
    daily_limit = count(500)
    hourly_limit = count(100)
    last_used = time()
    created_at = time(server_default=func.now(), nullable=False)
    updated_at = time(server_default=func.now(), onupdate=func.now(), nullable=False)
    meta = mapped_column(JSON)
    is_active = count(1)


class Reservation(Base):
    __tablename__ = "reservations"
    __table_args__ = (
        Index("reservations_caller_id_reserved_until", "caller_id", "reserved_until"),
        Index("reservations_agent_campaign", "agent", "campaign"),
    )

    id = key()
    caller_id = text(20, index=True, nullable=False)
    reserved_at = time(server_default=func.now(), nullable=False)
    reserved_until = time(index=True, nullable=False)
    agent = text(100, index=True)
    campaign = text(100, index=True)
    destination = text(20)
    meta = mapped_column(JSON)


class ApiLog(Base):
    __tablename__ = "api_logs"
    __table_args__ = (
        Index("api_logs_timestamp_campaign", "timestamp", "campaign"),
        Index("api_logs_timestamp_agent", "timestamp", "agent"),
    )

    id = key()
    timestamp = time(server_default=func.now(), index=True, nullable=False)
    endpoint = text(200, nullable=False)
    method = text(10, nullable=False)
    agent = text(100, index=True)
    campaign = text(100, index=True)
    caller_id_allocated = text(20)
    destination = text(20)
    response_time_ms = mapped_column(Integer)
    status_code = mapped_column(Integer)
    error_message = text(500)
    meta = mapped_column(JSON)
