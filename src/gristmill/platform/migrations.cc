// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/migrations.h"

#include <array>

#include "gristmill/store/catalog.h"

namespace gristmill::platform {
namespace {

// Only SQL that SQLite and PostgreSQL share. Times are ISO 8601 text in UTC; documents are JSON text.
constexpr std::array steps{
    meta::Migration{1, "audit", R"sql(
CREATE TABLE audit (
  sequence BIGINT NOT NULL PRIMARY KEY,
  at VARCHAR(32) NOT NULL,
  actor VARCHAR(255) NOT NULL,
  action VARCHAR(64) NOT NULL,
  subject VARCHAR(1000) NOT NULL,
  details TEXT NOT NULL,
  digest VARCHAR(64) NOT NULL
);
)sql"},
    meta::Migration{2, "sources and ingestions", R"sql(
CREATE TABLE sources (
  name VARCHAR(255) NOT NULL PRIMARY KEY,
  kind VARCHAR(32) NOT NULL,
  location TEXT,
  owner VARCHAR(255),
  license VARCHAR(255) NOT NULL,
  license_evidence TEXT,
  sensitivity VARCHAR(32) NOT NULL,
  created_at VARCHAR(32) NOT NULL
);
CREATE TABLE ingestions (
  ingestion_id VARCHAR(64) NOT NULL PRIMARY KEY,
  ordinal BIGINT NOT NULL UNIQUE,
  task_id VARCHAR(64) NOT NULL UNIQUE,
  source VARCHAR(255) NOT NULL REFERENCES sources (name),
  dataset VARCHAR(255) NOT NULL,
  status VARCHAR(32) NOT NULL,
  started_at VARCHAR(32) NOT NULL,
  completed_at VARCHAR(32),
  record TEXT NOT NULL
);
CREATE TABLE ingestion_files (
  ingestion_id VARCHAR(64) NOT NULL REFERENCES ingestions (ingestion_id),
  ordinal BIGINT NOT NULL,
  name TEXT NOT NULL,
  path TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 VARCHAR(64),
  status VARCHAR(32) NOT NULL,
  message TEXT,
  PRIMARY KEY (ingestion_id, ordinal)
);
CREATE INDEX ingestion_files_name ON ingestion_files (name);
)sql"},
    meta::Migration{3, "runs and tasks", R"sql(
CREATE TABLE runs (
  run_id VARCHAR(64) NOT NULL PRIMARY KEY,
  pipeline VARCHAR(255) NOT NULL,
  fingerprint VARCHAR(64) NOT NULL,
  idempotency_key VARCHAR(255) UNIQUE,
  status VARCHAR(32) NOT NULL,
  started_at VARCHAR(32) NOT NULL,
  finished_at VARCHAR(32),
  plan TEXT NOT NULL,
  summary TEXT
);
CREATE TABLE tasks (
  run_id VARCHAR(64) NOT NULL,
  stage VARCHAR(64) NOT NULL,
  task BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (run_id, stage, task)
);
)sql"},
    meta::Migration{4, "iceberg catalog", store::catalog_tables_sql},
    meta::Migration{5, "token sets and releases", R"sql(
CREATE TABLE token_sets (
  dataset VARCHAR(255) NOT NULL,
  run_id VARCHAR(64) NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  source_dataset VARCHAR(255) NOT NULL,
  source_version BIGINT NOT NULL,
  contents TEXT NOT NULL,
  PRIMARY KEY (dataset, run_id)
);
CREATE TABLE releases (
  name VARCHAR(255) NOT NULL PRIMARY KEY,
  label VARCHAR(255) NOT NULL,
  description TEXT NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  contents TEXT NOT NULL
);
)sql"},
    meta::Migration{6, "approvals of releases", R"sql(
ALTER TABLE releases ADD COLUMN status VARCHAR(32) NOT NULL DEFAULT 'released';
CREATE TABLE release_approvals (
  release_name VARCHAR(255) NOT NULL REFERENCES releases (name),
  actor VARCHAR(255) NOT NULL,
  at VARCHAR(32) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  comment TEXT NOT NULL,
  PRIMARY KEY (release_name, actor)
);
)sql"},
    meta::Migration{7, "feedback", R"sql(
CREATE TABLE feedback_logs (
  log_id VARCHAR(64) NOT NULL PRIMARY KEY,
  compacted_through BIGINT NOT NULL,
  updated_at VARCHAR(32) NOT NULL
);
)sql"},
    meta::Migration{8, "access tokens", R"sql(
CREATE TABLE access_tokens (
  token_id VARCHAR(64) NOT NULL PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  scope VARCHAR(32) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  expires_at VARCHAR(32),
  revoked_at VARCHAR(32)
);
)sql"},
    meta::Migration{9, "artifacts", R"sql(
CREATE TABLE artifacts (
  name VARCHAR(255) NOT NULL,
  version VARCHAR(64) NOT NULL,
  ordinal BIGINT NOT NULL,
  created_at VARCHAR(32) NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (name, version),
  UNIQUE (name, ordinal)
);
)sql"},
    meta::Migration{10, "tasks shared among workers", R"sql(
CREATE TABLE run_stages (
  run_id VARCHAR(64) NOT NULL,
  stage VARCHAR(64) NOT NULL,
  task_count BIGINT NOT NULL,
  PRIMARY KEY (run_id, stage)
);
CREATE TABLE task_leases (
  run_id VARCHAR(64) NOT NULL,
  stage VARCHAR(64) NOT NULL,
  task BIGINT NOT NULL,
  claims BIGINT NOT NULL,
  worker VARCHAR(128),
  leased_until BIGINT NOT NULL,
  lease_ms BIGINT NOT NULL,
  PRIMARY KEY (run_id, stage, task)
);
)sql"},
    meta::Migration{11, "state of the catalog", R"sql(
CREATE TABLE catalog_state (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
)sql"},
    meta::Migration{12, "answers and purges of the catalog", R"sql(
CREATE TABLE catalog_answers (
  idempotency_key VARCHAR(64) NOT NULL PRIMARY KEY,
  request_digest VARCHAR(64) NOT NULL,
  answered_ms BIGINT NOT NULL,
  answer TEXT NOT NULL
);
CREATE INDEX catalog_answers_age ON catalog_answers (answered_ms);
CREATE TABLE catalog_purges (
  metadata_location VARCHAR(1000) NOT NULL PRIMARY KEY,
  table_namespace VARCHAR(255) NOT NULL,
  table_name VARCHAR(255) NOT NULL,
  requested_ms BIGINT NOT NULL,
  state VARCHAR(32) NOT NULL
);
)sql"},
    meta::Migration{13, "numbers of artifacts", R"sql(
CREATE TABLE artifact_names (
  name VARCHAR(255) NOT NULL PRIMARY KEY,
  ordinal_max BIGINT NOT NULL
);
INSERT INTO artifact_names (name, ordinal_max) SELECT name, max(ordinal) FROM artifacts GROUP BY name;
)sql"},
    meta::Migration{14, "tenures of feedback logs, keys of tokens", R"sql(
ALTER TABLE feedback_logs ADD COLUMN tenure VARCHAR(64);
ALTER TABLE access_tokens ADD COLUMN key_digest VARCHAR(64);
CREATE UNIQUE INDEX access_tokens_key ON access_tokens (key_digest);
)sql"},
};

}  // namespace

std::span<const meta::Migration> migrations() { return steps; }

}  // namespace gristmill::platform
