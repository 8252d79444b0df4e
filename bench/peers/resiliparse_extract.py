# SPDX-License-Identifier: Apache-2.0
"""Main content of pages by Resiliparse: reads paths of UTF-8 files from a list, prints pages, bytes and CPU seconds."""

import json
import sys
import time
from pathlib import Path

from resiliparse.extract.html2text import extract_plain_text

pages = [Path(line).read_bytes().decode("utf-8", "replace") for line in Path(sys.argv[1]).read_text().split()]
start = time.process_time()
for page in pages:
    extract_plain_text(page, main_content=True, alt_texts=False, links=False)
seconds = time.process_time() - start
print(json.dumps({"pages": len(pages), "bytes": sum(len(p.encode()) for p in pages), "cpu_seconds": seconds}))
