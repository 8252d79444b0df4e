// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/table.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "../meta/temporary_folder.h"
#include "gristmill/io/file.h"
#include "gristmill/store/location.h"

using namespace gristmill;
using store::Catalog;
using store::CommitRequest;
using store::Table;
using store::TableName;

namespace {

/// Hands transactions on to a real database and lets a test interfere.
class MeddlingDatabase final : public meta::Database {
 public:
  explicit MeddlingDatabase(const std::string& path) : inner_(*meta::open_sqlite(path, false)) {}
  Status write(const std::function<Status(meta::Transaction&)>& work) override {
    if (before_write) before_write();
    auto status = inner_->write(work);
    return status && fails_after_commit ? Status(unavailable("the disk failed")) : status;
  }
  Status read(const std::function<Status(meta::Transaction&)>& work) override { return inner_->read(work); }
  [[nodiscard]] std::string_view dialect() const override { return inner_->dialect(); }
  /// Without a file there is no queue, in which a rival inside a commit would wait for that commit.
  [[nodiscard]] std::string name() const override { return {}; }

  std::function<void()> before_write;
  bool fails_after_commit = false;

 private:
  std::unique_ptr<meta::Database> inner_;
};

struct Workplace {
  TemporaryFolder folder;
  MeddlingDatabase database{folder.file("catalog.db")};
  Catalog catalog{database};
  TableName name{"raw", "web"};

  Workplace() { REQUIRE(catalog.create_tables().ok()); }
  Table create() {
    return *Table::create(catalog, name, {{.field_id = 1, .name = "id", .type = "string", .required = true, .doc = ""}},
                          folder.file("table"));
  }
  Table load() { return *Table::load(catalog, name); }
  /// The commit only notes files, so they need not exist.
  CommitRequest request(int number, std::string key = {}) const {
    CommitRequest request;
    request.files = {{.path = folder.file("table/data/" + std::to_string(number) + ".parquet"),
                      .records = 10,
                      .bytes = 1000,
                      .split_offsets = {4},
                      .columns = {}}};
    request.key = std::move(key);
    return request;
  }
  [[nodiscard]] std::size_t metadata_files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.file("table/metadata")))
      ++count;
    return count;
  }
};

std::size_t file_count(const Table& table) { return table.scan(*table.resolve_version("latest"))->size(); }

}  // namespace

TEST_CASE("threads that append at once lose nothing") {
  Workplace place;
  place.create();
  constexpr int threads = 4;
  constexpr int appends = 15;
  std::vector<std::thread> workers;
  std::atomic<int> failures = 0;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      auto table = Table::load(place.catalog, place.name);
      for (int i = 0; i < appends; ++i) failures += table->append(place.request(100 * thread + i)).ok() ? 0 : 1;
    });
  }
  for (auto& worker : workers) worker.join();
  CHECK(failures == 0);
  const auto table = place.load();
  CHECK(file_count(table) == threads * appends);
  CHECK(table.snapshots().back().count("total-records") == threads * appends * 10);
  CHECK(table.snapshots().back().count("total-files-size") == threads * appends * 1000);
}

TEST_CASE("an append that keeps losing the race gets through at last") {
  Workplace place;
  auto table = place.create();
  int races = 0;
  place.database.before_write = [&] {
    // The rival commits just before the append's own transaction; only under the lock can that no longer happen.
    if (races >= 5) return;
    const auto rival_number = ++races;
    auto hook = std::move(place.database.before_write);
    place.database.before_write = nullptr;
    CHECK(place.load().append(place.request(rival_number)).ok());
    place.database.before_write = std::move(hook);
  };
  bool has_noted = false;
  auto request = place.request(100);
  request.also = [&](meta::Transaction&, std::int64_t) {
    has_noted = true;
    return Status();
  };
  const auto snapshot = table.append(request);
  REQUIRE(snapshot.ok());
  CHECK(races == 5);
  CHECK(has_noted);
  CHECK(snapshot->sequence_number == 6);
  CHECK(file_count(place.load()) == 6);
  // Six commits of three files each and the first metadata file: lost attempts left nothing.
  CHECK(place.metadata_files() == 6 * 3 + 1);
}

TEST_CASE("a replacement whose base changed is a conflict and leaves no trace") {
  Workplace place;
  auto table = place.create();
  REQUIRE(table.append(place.request(1)).ok());
  auto late = place.load();
  REQUIRE(table.append(place.request(2)).ok());
  const auto files = place.metadata_files();
  const auto conflict = late.replace(place.request(3));
  REQUIRE(!conflict.ok());
  CHECK(conflict.error().code == ErrorCode::conflict);
  CHECK(place.metadata_files() == files);
  CHECK(file_count(place.load()) == 2);
  // A tag changes no content.
  auto again = place.load();
  REQUIRE(table.set_tag("first", table.snapshots()[0].id).ok());
  CHECK(again.replace(place.request(4)).ok());
  CHECK(file_count(place.load()) == 1);
  CHECK(again.resolve_version("first")->sequence_number == 1);
}

TEST_CASE("the caller's statements and the commit happen together or not at all") {
  Workplace place;
  auto table = place.create();
  const auto files = place.metadata_files();
  auto request = place.request(1);
  request.also = [](meta::Transaction& transaction, std::int64_t) -> Status {
    GRISTMILL_TRY([[maybe_unused]] const auto done, transaction.execute("CREATE TABLE notes (snapshot BIGINT)"));
    return invalid_argument("the run was cancelled");
  };
  CHECK(table.append(request).error().message == "the run was cancelled");
  CHECK(place.load().snapshots().empty());
  CHECK(place.metadata_files() == files);
  std::int64_t noted = 0;
  request.also = [&](meta::Transaction& transaction, std::int64_t snapshot_id) -> Status {
    noted = snapshot_id;
    GRISTMILL_TRY([[maybe_unused]] const auto done, transaction.execute("CREATE TABLE notes (snapshot BIGINT)"));
    return {};
  };
  const auto snapshot = table.append(request);
  REQUIRE(snapshot.ok());
  CHECK(noted == snapshot->id);
}

TEST_CASE("a commit that the database reported as failed, but did, is found out") {
  Workplace place;
  auto table = place.create();
  place.database.fails_after_commit = true;
  const auto snapshot = table.append(place.request(1, "key"));
  REQUIRE(snapshot.ok());
  const auto made = Table::create(place.catalog, {"raw", "other"}, {}, place.folder.file("other"));
  CHECK(made.ok());
  place.database.fails_after_commit = false;
  CHECK(table.append(place.request(1, "key"))->id == snapshot->id);
  CHECK(file_count(place.load()) == 1);
}

TEST_CASE("a snapshot of no files is a version too") {
  Workplace place;
  auto table = place.create();
  REQUIRE(table.append({}).ok());
  CHECK(file_count(table) == 0);
  REQUIRE(table.append(place.request(1)).ok());
  const auto emptied = table.replace({});
  REQUIRE(emptied.ok());
  CHECK(emptied->note("operation") == "delete");
  CHECK(emptied->count("total-records") == 0);
  CHECK(file_count(table) == 0);
  CHECK(table.scan(*table.resolve_version("v2"))->size() == 1);
}

TEST_CASE("columns travel with the commit that brings them") {
  Workplace place;
  auto table = place.create();
  REQUIRE(table.append(place.request(1)).ok());
  const formats::TableColumn score{.field_id = 0, .name = "score", .type = "double", .required = false, .doc = ""};
  auto columns = *table.metadata().columns(0);
  columns.push_back(score);
  auto request = place.request(2);
  request.columns = table.assign_field_ids(columns);
  CHECK(request.columns.at(0).field_id == 1);
  CHECK(request.columns.at(1).field_id == 100);
  const auto snapshot = table.replace(request);
  REQUIRE(snapshot.ok());
  CHECK(table.columns_at(*snapshot)->size() == 2);
  CHECK(table.columns_at(*table.resolve_version("v1"))->size() == 1);
  request.columns[1].name = "other";
  CHECK(table.append(request).error().message.find("cannot have field id 100, which is score") != std::string::npos);
  const auto taken = table.add_columns(
      {{.field_id = 0, .name = "score", .type = "long", .required = false, .doc = ""}});
  CHECK(taken.error().code == ErrorCode::invalid_argument);
  CHECK(table.add_columns({score})->at(0).field_id == 100);
}

TEST_CASE("deletion vectors and other file formats are refused in clear words") {
  Workplace place;
  auto table = place.create();
  const auto snapshot = *table.append(place.request(1));
  auto manifests = *store::read_manifest_list(snapshot);
  auto manifest = *store::read_manifest(manifests[0]);
  const auto refusal = [&](store::ManifestContent content, const char* format) {
    manifests[0].content = content;
    manifest.entries[0].file.set("file_format", format);
    manifest.entries[0].file.set("content", content == store::ManifestContent::data ? 0 : 1);
    const auto manifest_bytes = *store::encode_manifest({.content = content}, manifest.avro_schema, manifest.entries);
    manifests[0].bytes = static_cast<std::int64_t>(manifest_bytes.size());
    const auto list_bytes = *store::encode_manifest_list({.snapshot_id = snapshot.id}, manifests);
    REQUIRE(io::write_file(*store::path_of(snapshot.manifest_list), list_bytes).ok());
    REQUIRE(io::write_file(*store::path_of(manifests[0].location), manifest_bytes).ok());
    const auto scanned = table.scan(snapshot);
    REQUIRE(!scanned.ok());
    return scanned.error().message;
  };
  CHECK(refusal(store::ManifestContent::data, "ORC").find("format ORC; only PARQUET") != std::string::npos);
  CHECK(refusal(store::ManifestContent::deletes, "PUFFIN").find("deletion vector") != std::string::npos);
}

TEST_CASE("a warehouse that may not be written, or is full, is said so and stays as it was") {
  Workplace place;
  auto table = place.create();
  REQUIRE(table.append(place.request(1)).ok());
  const auto metadata_folder = place.folder.file("table/metadata");
  // What a child process answers: 0 when the append failed with this code and a message that names the folder.
  const auto child_fails_with = [&](ErrorCode code, const std::function<void()>& prepare) {
    const auto child = ::fork();
    if (child == 0) {
      prepare();
      const auto failed = table.append(place.request(2));
      if (failed.ok()) ::_exit(2);
      ::_exit(failed.error().code == code && failed.error().message.find(metadata_folder) != std::string::npos ? 0 : 3);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  REQUIRE(::chmod(place.folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(metadata_folder.c_str(), 0555) == 0);
  CHECK(child_fails_with(ErrorCode::denied, [] {
          // Permissions say nothing to the superuser.
          if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(9);
        }) == 0);
  REQUIRE(::chmod(metadata_folder.c_str(), 0755) == 0);
  CHECK(child_fails_with(ErrorCode::unavailable, [] {
          const rlimit limit{100, 100};
          ::setrlimit(RLIMIT_FSIZE, &limit);
          ::signal(SIGXFSZ, SIG_IGN);
        }) == 0);
  CHECK(file_count(place.load()) == 1);
  CHECK(place.metadata_files() == 1 + 3);
}

TEST_CASE("the catalog lists namespaces and tables, hides views and forgets what is dropped") {
  Workplace place;
  place.create();
  for (int i = 0; i < 2; ++i) REQUIRE(place.catalog.create_namespace("empty.one").ok());
  REQUIRE(place.catalog.create_tables().ok());
  REQUIRE(place.database
              .write([](meta::Transaction& transaction) -> Status {
                GRISTMILL_TRY(
                    [[maybe_unused]] const auto done,
                    transaction.execute("INSERT INTO iceberg_tables VALUES ('gristmill', 'raw', 'seen', 'x', NULL, "
                                        "'VIEW'), ('other', 'raw', 'theirs', 'x', NULL, NULL), "
                                        "('gristmill', 'raw', 'old', 'x', NULL, NULL)"));
                return {};
              })
              .ok());
  CHECK(*place.catalog.namespaces() == std::vector<std::string>{"empty.one", "raw"});
  CHECK(*place.catalog.list_tables() == std::vector<TableName>{{"raw", "old"}, {"raw", "web"}});
  CHECK(Table::load(place.catalog, {"raw", "seen"}).error().message.find("is a view") != std::string::npos);
  REQUIRE(place.catalog.drop_table(place.name).ok());
  CHECK(Table::load(place.catalog, place.name).error().code == ErrorCode::not_found);
  CHECK(place.catalog.drop_table(place.name).error().code == ErrorCode::not_found);
  CHECK(Table::create(place.catalog, place.name, {}, place.folder.file("again")).ok());
}
