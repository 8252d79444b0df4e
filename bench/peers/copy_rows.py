# SPDX-License-Identifier: Apache-2.0
"""The rows of database_rate through psycopg2's COPY: copy_rows.py URL ROWS. Prints one JSON line."""

import io
import json
import sys
import time

import psycopg2

url, count = sys.argv[1], int(sys.argv[2])
rows = [(number, f"file:///data/{number}", number * 7, "0123456789abcdef") for number in range(count)]
connection = psycopg2.connect(url)
cursor = connection.cursor()
cursor.execute("CREATE TABLE rate_peer (id BIGINT PRIMARY KEY, a TEXT, b BIGINT, c TEXT)")
connection.commit()
began, cpu = time.perf_counter(), time.process_time()
text = io.StringIO("".join(f"{a}\t{b}\t{c}\t{d}\n" for a, b, c, d in rows))
cursor.copy_expert("COPY rate_peer FROM STDIN", text)
connection.commit()
took, spent = time.perf_counter() - began, time.process_time() - cpu
print(json.dumps({"bulk_rows_per_second": count / took, "bulk_rows_per_cpu_second": count / spent}))
