# Loads a CSV file into PostgreSQL with DuckDB. Arguments: URL, file, schema.table, "append" or "upsert", for upsert the merging statement.
import glob
import importlib.util
import os
import sys

import duckdb

url, csv, table, mode = sys.argv[1:5]
package = os.path.dirname(importlib.util.find_spec("duckdb_extension_postgres_scanner").origin)
extension = glob.glob(package + "/extensions/*/postgres_scanner.duckdb_extension")[0]
types = {
    "id": "BIGINT",
    "name": "VARCHAR",
    "email": "VARCHAR",
    "amount": "DECIMAL(12,2)",
    "ordered_on": "DATE",
    "updated_at": "TIMESTAMPTZ",
    "status": "VARCHAR",
    "note": "VARCHAR",
}

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
connection.execute("LOAD '" + extension + "'")
connection.execute("ATTACH '" + url.replace("'", "''") + "' AS pg (TYPE postgres)")
read = "SELECT * FROM read_csv(?, header = true, columns = " + str(types) + ")"
if mode == "append":
    connection.execute("INSERT INTO pg." + table + " " + read, [csv])
else:
    connection.execute("CALL postgres_execute('pg', 'CREATE UNLOGGED TABLE bench.duckdb_stage (LIKE " + table + ")')")
    connection.execute("INSERT INTO pg.bench.duckdb_stage " + read, [csv])
    connection.execute("CALL postgres_execute('pg', '" + sys.argv[5] + "')")
    connection.execute("CALL postgres_execute('pg', 'DROP TABLE bench.duckdb_stage')")
