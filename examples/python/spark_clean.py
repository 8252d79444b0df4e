# SPDX-License-Identifier: Apache-2.0
"""Operators in Spark: reads Parquet, cleans it in one pass, writes Parquet.

python examples/python/spark_clean.py INPUT.parquet OUTPUT
"""

import os
import sys

from pyspark.sql import SparkSession

import gristmill


def main(source, target):
    # Spark's workers shall be this interpreter, which has the package, and not the python3 of the path.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master("local[2]").appName("clean").config("spark.ui.enabled", "false").getOrCreate()
    pages = spark.read.parquet(source)
    cleaned = gristmill.spark.apply(
        pages,
        gristmill.Operator("extract.strip_tags", separator="space", whitespace="collapse"),
        "normalize.unicode",
        "filter.noise",
    )
    cleaned.write.mode("overwrite").parquet(target)
    print(spark.read.parquet(target).count(), "pages")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
