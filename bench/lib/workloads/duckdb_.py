"""DuckDB: SQL, no code of the user. What the machine can do at most."""

from __future__ import annotations

from typing import Any

import duckdb

from .ranges import WORKERS, save

QUERIES = {
    "counter": """SELECT w, count(*) FROM (SELECT unnest(string_split(line, ' ')) AS w FROM
      read_csv('{path}', columns={{'line': 'VARCHAR'}}, delim='\\x01', header=false, quote='', escape='', auto_detect=false))
      WHERE w <> '' GROUP BY w""",
    "delays": """SELECT [carrier, day], [sum(delay), count(delay)] FROM (SELECT column04 AS carrier,
      column00 || '-' || column01 || '-' || column02 AS day, CAST(column03 AS INTEGER) AS delay FROM read_csv('{path}',
      header=false, all_varchar=true, nullstr='NA')) WHERE delay IS NOT NULL GROUP BY ALL""",
}


class System:
    def map(self, name: str, path: str, out: str) -> dict[str, Any]:
        database = duckdb.connect(config={"threads": WORKERS})
        save(database.execute(QUERIES[name].format(path=path)).fetchall(), out)
        return {}

    def stop(self) -> None:
        pass
