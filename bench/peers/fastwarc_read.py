# SPDX-License-Identifier: Apache-2.0
"""Reads WARC files with FastWARC: fastwarc_read.py frames|documents FILE... Prints one JSON line.

frames: cuts the records, no HTTP parsing, no decoding. documents: the bodies of responses as text.
"""

import json
import sys

from fastwarc.warc import ArchiveIterator, WarcRecordType


def cut(path, counts):
    for record in ArchiveIterator(path, parse_http=False, inplace=True):
        counts["records"] += 1
        counts["bytes"] += record.content_length


def decode(body, charset):
    """UTF-8 where it is valid, else the charset that the server names."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        try:
            return body.decode(charset or "windows-1252", "replace")
        except LookupError:
            return body.decode("windows-1252", "replace")


def read(path, counts):
    records = ArchiveIterator(path, record_types=WarcRecordType.response, auto_decode="all", inplace=True)
    for record in records:
        text = decode(record.reader.read(), record.http_charset)
        counts["records"] += 1
        counts["bytes"] += len(text)


def main():
    counts = {"records": 0, "bytes": 0}
    for path in sys.argv[2:]:
        (cut if sys.argv[1] == "frames" else read)(path, counts)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
