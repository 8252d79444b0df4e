# SPDX-License-Identifier: Apache-2.0
"""Checks who includes whom against the rows of CMakeLists.txt, which are the law.

A layer may include its own headers and those of the layers on its row; a row may name earlier rows only, which rules
out circles. A third-party header may be included only where its library is linked, and never in a header that another
layer includes. A face (a folder outside src/gristmill that translates for people or another language) may include the
layers on its row, and an earlier face there as "server/serve.h"; its own headers are written without a path.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Angle includes that are neither standard nor POSIX, by their beginning, and the library they need on a link row.
LIBRARIES = {
    "fmt/": "fmt::fmt",
    "nlohmann/": "nlohmann_json::nlohmann_json",
    "rapidjson/": "rapidjson",
    "openssl/": "OpenSSL::Crypto",
    "xxhash.h": "xxhash",
    "xxh3.h": "xxhash",
    "utf8proc.h": "utf8proc",
    "uchardet": "uchardet",
    "cld2/": "cld2",
    "pcre2.h": "pcre2-8",
    "re2/": "re2",
    "arrow/": "arrow_wheel::arrow",
    "parquet/": "arrow_wheel::parquet",
    "libdeflate.h": "deflate",
    "zstd": "zstd",
    "bzlib.h": "bz2",
    "lzma.h": "lzma",
    "zlib.h": "z",
    "archive": "archive",
    "curl/": "curl",
    "pugixml": "pugixml",
    "sqlite3.h": "sqlite3",
    "libpq-fe.h": "libpq",
    "yaml-cpp/": "yaml-cpp",
    "CLI/": "CLI11",
    "toml++/": "tomlplusplus",
    "nanobind/": "nanobind",
    "boost/": "boost",
}
# Header-only, so no link row has to name them: the folder that owns each.
HEADER_ONLY = {
    "rapidjson": {"base"},
    "xxhash": {"base", "kernels"},
    "tomlplusplus": {"platform"},
    "CLI11": {"cli"},
    "nanobind": {"python"},
    "boost": {"server"},
}
# Linked by every face in its own CMakeLists.txt.
FACE_LIBRARIES = {"fmt::fmt"}
# System headers that contain a dot: POSIX, Linux and compiler intrinsics.
SYSTEM = re.compile(
    r"(sys|linux|bits|arpa|netinet|net)/|"
    r"(unistd|fcntl|dirent|pthread|signal|sched|dlfcn|poll|termios|pwd|grp|spawn|syslog|endian|byteswap|getopt|iconv|"
    r"ftw|glob|fnmatch|semaphore|cpuid|immintrin|x86intrin|arm_neon|errno|malloc|elf|link)"
    r"\.h$"
)
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def read_rows(text):
    """The layer rows in order, and the libraries linked to each layer."""
    rows, links, faults = {}, {}, []
    for name, allowed in re.findall(r"^gristmill_layer\((\w+)([\s\w]*)\)", text, re.M):
        later = [word for word in allowed.split() if word not in rows]
        if later:
            faults.append(f"CMakeLists.txt: row {name} lists {', '.join(later)}, which is not an earlier row")
        rows[name] = set(allowed.split())
    for name, libraries in re.findall(r"^target_link_libraries\(gristmill_(\w+)([^)]*)\)", text, re.M):
        links.setdefault(name, set()).update(libraries.split())
    return rows, links, faults


def read_faces(text, rows):
    """The faces as {name: folder}; their rows go to `rows`."""
    faces, faults = {}, []
    for name, folder, allowed in re.findall(r"^gristmill_face\((\w+)\s+(\S+)([\s\w]*)\)", text, re.M):
        unknown = [word for word in allowed.split() if word not in rows]
        if unknown:
            faults.append(f"CMakeLists.txt: face {name} lists {', '.join(unknown)}, which is no layer")
        faces[name] = folder
        rows[name] = set(allowed.split())
    return faces, faults


def library_of(header):
    return next((library for start, library in LIBRARIES.items() if header.startswith(start)), None)


def headers_across(files):
    """Our headers that some other layer includes, as written in the include."""
    across = set()
    for path, layer in files:
        for ours, _ in INCLUDE.findall(path.read_text()):
            if ours.startswith("gristmill/") and ours.split("/")[1] != layer:
                across.add(ours)
    return across


def check_third_party(place, path, layer, header, links, across):
    """A fault for one angle include, or None."""
    library = library_of(header)
    if library is None:
        if "." not in header or SYSTEM.match(header):
            return None
        return f"{place}: <{header}> is no known header: name its library in tools/check_layers.py"
    if library not in links.get(layer, set()) and layer not in HEADER_ONLY.get(library, set()):
        return f"{place}: {layer} includes <{header}> but does not own {library} (link rows of CMakeLists.txt)"
    if path.is_relative_to(ROOT / "src") and str(path.relative_to(ROOT / "src")) in across:
        return f"{place}: <{header}> in a header that other layers include"
    return None


def check_file(path, layer, rows, links, across=frozenset(), is_face=False, faces=None):
    for match in INCLUDE.finditer(text := path.read_text()):
        ours, theirs = match.groups()
        place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start(1) if ours else match.start(2)) + 1}"
        if theirs:
            fault = check_third_party(place, path, layer, theirs, links, across)
        elif is_face and "/" not in ours:
            fault = None if (path.parent / ours).exists() else f'{place}: "{ours}" does not exist'
        elif is_face and (other := ours.split("/")[0]) in (faces or {}) and other in rows[layer]:
            fault = (
                None if (ROOT / faces[other] / ours.split("/", 1)[1]).exists() else f'{place}: "{ours}" does not exist'
            )
        elif not re.match(r"gristmill/\w+/", ours):
            fault = f'{place}: "{ours}" is not written from the root as "gristmill/<layer>/..."'
        else:
            target = ours.split("/")[1]
            fault = None
            if target != layer and target not in rows[layer]:
                fault = f"{place}: {layer} may not include {target} (see its row in CMakeLists.txt)"
            elif not (ROOT / "src" / ours).exists():
                fault = f'{place}: "{ours}" does not exist'
        if fault:
            yield fault


def main():
    text = (ROOT / "CMakeLists.txt").read_text()
    rows, links, faults = read_rows(text)
    faces, face_faults = read_faces(text, rows)
    faults += face_faults
    source = ROOT / "src" / "gristmill"
    paths = sorted(path for path in source.rglob("*") if path.suffix in (".h", ".cc"))
    files = [(path, path.relative_to(source).parts[0]) for path in paths]
    across = headers_across(files)
    for path, layer in files:
        if layer in rows:
            faults.extend(check_file(path, layer, rows, links, across))
        else:
            faults.append(f"{path.relative_to(ROOT)}: {layer} has no row in CMakeLists.txt")
    for name, folder in faces.items():
        links[name] = FACE_LIBRARIES
        for path in sorted((ROOT / folder).glob("*.[hc]*")):
            files.append((path, name))
            faults.extend(check_file(path, name, rows, links, is_face=True, faces=faces))
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"layers: {len(files)} files, {len(rows)} layers and faces, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
