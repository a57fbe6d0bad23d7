"""Makes the peer's tables and copies a CSV file of caller IDs into them: take_in.py FILE"""

import asyncio
import os
import sys

from schema import Base, CallerId
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def main(file):
    engine = create_async_engine(os.environ["CALLERID_POSTGRES"])
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
        with open(file, "rb") as rows:
            columns = rows.readline().decode().strip().split(",")
            raw = await connection.get_raw_connection()
            await raw.driver_connection.copy_to_table(
                CallerId.__tablename__, source=rows, columns=columns, format="csv"
            )
        await connection.execute(text("ANALYZE"))
    await engine.dispose()


asyncio.run(main(sys.argv[1]))
