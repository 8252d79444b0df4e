// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/artifact_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gristmill/base/json.h"

namespace gristmill::store {
namespace {

constexpr std::string_view format_name = "gristmill-artifact";
// With digests of SHA-256 alone, and with others too.
constexpr std::int64_t format_version = 1, mixed_format_version = 2;
constexpr std::size_t path_bytes_max = 4096;
constexpr std::uint32_t permission_bits = 0777;

Error wrong(std::string_view what) { return corrupt_data(fmt::format("manifest of an artifact: {}", what)); }

/// Relative, of plain segments: neither empty nor `.` nor `..`, no NUL.
bool is_plain_path(std::string_view path) {
  if (path.empty() || path.size() > path_bytes_max || path.find('\0') != std::string_view::npos) return false;
  while (true) {
    const auto slash = path.find('/');
    const auto segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Json piece_json(const ChunkPiece& piece) {
  auto json = Json::array({piece.digest.text(), piece.bytes});
  if (piece.parts.empty()) return json;
  auto parts = Json::array();
  for (const auto& part : piece.parts) parts.push(Json::array({part.chunk.text(), part.offset, part.bytes}));
  return json.push(std::move(parts));
}

/// The oldest version of the format that can say this.
std::int64_t version_for(const ArtifactManifest& manifest) {
  const auto is_sha256 = [](const ChunkPiece& piece) {
    return piece.digest.kind == ChunkDigest::Kind::sha256 && std::ranges::all_of(piece.parts, [](const auto& part) {
             return part.chunk.kind == ChunkDigest::Kind::sha256;
           });
  };
  const bool is_old = std::ranges::all_of(
      manifest.files, [&](const ArtifactFile& file) { return std::ranges::all_of(file.pieces, is_sha256); });
  return is_old ? format_version : mixed_format_version;
}

Result<std::uint64_t> natural(const Json& value, std::string_view name) {
  if (!value.is_int() || value.as_int() < 0) return wrong(fmt::format("{} is no number of bytes", name));
  return static_cast<std::uint64_t>(value.as_int());
}

Result<ChunkPiece> read_piece(const Json& json) {
  ChunkPiece piece;
  const auto& items = json.items();
  if (items.size() < 2 || items.size() > 3 || !ChunkDigest::parse(items[0].as_string(), piece.digest))
    return wrong("a piece is no [digest, bytes]");
  GRISTMILL_TRY(piece.bytes, natural(items[1], "a piece"));
  if (items.size() == 2) return piece;
  std::uint64_t sum = 0;
  for (const auto& item : items[2].items()) {
    ChunkPart part;
    if (item.size() != 3 || !ChunkDigest::parse(item.items()[0].as_string(), part.chunk))
      return wrong("a part is no [digest, offset, bytes]");
    GRISTMILL_TRY(part.offset, natural(item.items()[1], "an offset"));
    GRISTMILL_TRY(part.bytes, natural(item.items()[2], "a part"));
    sum += part.bytes;
    piece.parts.push_back(part);
  }
  if (piece.parts.empty() || sum != piece.bytes) return wrong("the parts of a piece do not add up");
  return piece;
}

Result<ArtifactFile> read_file_entry(const Json& json) {
  ArtifactFile file{.path = json["path"].as_string(), .mode = 0, .bytes = 0, .pieces = {}};
  GRISTMILL_TRY(const auto mode, natural(json["mode"], "a mode"));
  if (mode > permission_bits) return wrong(fmt::format("'{}' has a mode of more than permissions", file.path));
  file.mode = static_cast<std::uint32_t>(mode);
  GRISTMILL_TRY(file.bytes, natural(json["bytes"], "a file"));
  std::uint64_t sum = 0;
  for (const auto& item : json["pieces"].items()) {
    GRISTMILL_TRY(auto piece, read_piece(item));
    sum += piece.bytes;
    file.pieces.push_back(std::move(piece));
  }
  if (sum != file.bytes) return wrong(fmt::format("the pieces of '{}' do not add up to its size", file.path));
  return file;
}

}  // namespace

bool stays_inside(std::string_view path, std::string_view target) {
  if (target.empty() || target.front() == '/' || target.size() > path_bytes_max ||
      target.find('\0') != std::string_view::npos)
    return false;
  auto depth = std::ranges::count(path, '/');
  bool has_descended = false;
  while (true) {
    const auto slash = target.find('/');
    const auto segment = target.substr(0, slash);
    // Behind a name, which may be a link itself, `..` is not what the words say.
    if (segment == ".." && (has_descended || --depth < 0)) return false;
    has_descended |= !segment.empty() && segment != "." && segment != "..";
    if (slash == std::string_view::npos) return true;
    target.remove_prefix(slash + 1);
  }
}

Status ArtifactManifest::check_paths() const {
  // No path twice, and none below a file or link.
  std::set<std::string_view> leaves;
  const auto add = [&](std::string_view path) -> Status {
    if (!is_plain_path(path)) return wrong(fmt::format("'{}' is no path within the tree", path));
    return leaves.insert(path).second ? Status() : Status(wrong(fmt::format("'{}' is there twice", path)));
  };
  for (const auto& file : files) GRISTMILL_RETURN_IF_ERROR(add(file.path));
  for (const auto& link : links) {
    GRISTMILL_RETURN_IF_ERROR(add(link.path));
    if (!stays_inside(link.path, link.target))
      return wrong(fmt::format("the link '{}' leads out of the tree", link.path));
  }
  for (const auto& folder : folders) GRISTMILL_RETURN_IF_ERROR(add(folder));
  for (const auto path : leaves) {
    for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      if (leaves.contains(path.substr(0, slash))) return wrong(fmt::format("'{}' lies below what is no folder", path));
    }
  }
  return {};
}

std::uint64_t ArtifactManifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& file : files) sum += file.bytes;
  return sum;
}

std::string ArtifactManifest::encode() const {
  auto file_list = Json::array();
  for (const auto& file : files) {
    auto pieces = Json::array();
    for (const auto& piece : file.pieces) pieces.push(piece_json(piece));
    file_list.push(
        Json::object({{"path", file.path}, {"mode", file.mode}, {"bytes", file.bytes}, {"pieces", std::move(pieces)}}));
  }
  auto link_list = Json::array();
  for (const auto& link : links) link_list.push(Json::object({{"path", link.path}, {"target", link.target}}));
  auto folder_list = Json::array();
  for (const auto& folder : folders) folder_list.push(folder);
  return Json::object({{"format", format_name},
                       {"format_version", version_for(*this)},
                       {"kind", is_tree ? "tree" : "file"},
                       {"files", std::move(file_list)},
                       {"links", std::move(link_list)},
                       {"folders", std::move(folder_list)}})
      .dump();
}

Result<ArtifactManifest> ArtifactManifest::decode(std::string_view text) {
  GRISTMILL_TRY(const auto json, Json::parse(text));
  if (json["format"].as_string() != format_name) return wrong("it is none");
  const auto version = json["format_version"].as_int();
  if (version != format_version && version != mixed_format_version)
    return wrong(
        fmt::format("version {} of the format is not known here; update Gristmill", json["format_version"].dump()));
  ArtifactManifest manifest;
  manifest.is_tree = json["kind"].as_string() == "tree";
  for (const auto& item : json["files"].items()) {
    GRISTMILL_TRY(auto file, read_file_entry(item));
    manifest.files.push_back(std::move(file));
  }
  for (const auto& item : json["links"].items())
    manifest.links.push_back({item["path"].as_string(), item["target"].as_string()});
  for (const auto& item : json["folders"].items()) manifest.folders.push_back(item.as_string());
  if (manifest.is_tree) {
    GRISTMILL_RETURN_IF_ERROR(manifest.check_paths());
  } else if (manifest.files.size() != 1 || !manifest.files[0].path.empty() || !manifest.links.empty() ||
             !manifest.folders.empty()) {
    return wrong("a single file has one entry without a path");
  }
  // Otherwise it would not be written as it was read, and its id is a digest of that.
  if (version != version_for(manifest)) return wrong("its digests are not those of its version of the format");
  return manifest;
}

}  // namespace gristmill::store
