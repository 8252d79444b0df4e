// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <array>

#include "gristmill/base/units.h"
#include "gristmill/ops/operator.h"

namespace gristmill::platform {
namespace {

/// One key of gristmill.toml and what it sets.
struct Key {
  std::string_view name;
  Status (*set)(Settings& settings, const toml::node& value);
};

Error wrong_type(std::string_view wanted) { return invalid_argument(fmt::format("must be {}", wanted)); }

template <auto member>
Status set_string(Settings& settings, const toml::node& value) {
  const auto text = value.value<std::string>();
  if (!text) return wrong_type("a string");
  settings.*member = *text;
  return {};
}

Result<std::uint64_t> size_of(const toml::node& value) {
  if (const auto number = value.value_exact<std::int64_t>(); number && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  const auto text = value.value_exact<std::string>();
  if (!text) return wrong_type("a size such as \"512MiB\"");
  return parse_size(*text);
}

/// What a path of members leads to.
template <auto... path>
auto& member_at(Settings& settings) {
  return (settings.*....*path);
}

template <auto... path>
Status set_size(Settings& settings, const toml::node& value) {
  GRISTMILL_TRY(const auto bytes, size_of(value));
  auto& member = member_at<path...>(settings);
  member = static_cast<std::remove_reference_t<decltype(member)>>(bytes);
  return {};
}

/// A whole number within bounds.
template <std::int64_t least, std::int64_t most, auto... path>
Status set_whole(Settings& settings, const toml::node& value) {
  const auto number = value.value_exact<std::int64_t>();
  if (!number || *number < least || *number > most)
    return wrong_type(fmt::format("a whole number from {} to {}", least, most));
  auto& member = member_at<path...>(settings);
  member = static_cast<std::remove_reference_t<decltype(member)>>(*number);
  return {};
}

template <auto... path>
Status set_flag(Settings& settings, const toml::node& value) {
  const auto flag = value.value_exact<bool>();
  if (!flag) return wrong_type("true or false");
  member_at<path...>(settings) = *flag;
  return {};
}

/// A text that is not empty.
template <auto... path>
Status set_text(Settings& settings, const toml::node& value) {
  const auto text = value.value_exact<std::string>();
  if (!text || text->empty()) return wrong_type("a string");
  member_at<path...>(settings) = *text;
  return {};
}

Status set_catalog_url(Settings& settings, const toml::node& value) {
  const auto url = value.value<std::string>();
  if (!url || !meta::is_postgres_url(*url))
    return wrong_type("a URL such as \"postgresql://user@host:5432/gristmill\"");
  settings.catalog_url = *url;
  return {};
}

Status set_ratio(Settings& settings, const toml::node& value) {
  const auto ratio = value.value<double>();
  if (!ratio || *ratio < 1) return wrong_type("a number of at least 1");
  settings.limits.expansion_ratio_max = *ratio;
  return {};
}

Status set_quarantine(Settings& settings, const toml::node& value) {
  if (const auto number = value.value<double>(); number && *number >= 0 && *number <= 1) {
    settings.quarantine_limit = *number;
    return {};
  }
  const auto text = value.value_exact<std::string>();
  if (!text) return wrong_type("a share such as \"5%\" or 0.05");
  GRISTMILL_TRY(settings.quarantine_limit, parse_share(*text));
  return {};
}

Status set_names(std::vector<std::string>& names, const toml::node& value) {
  const auto* list = value.as_array();
  if (list == nullptr || list->empty()) return wrong_type("a list of names");
  names.clear();
  for (const auto& item : *list) {
    const auto name = item.value_exact<std::string>();
    if (!name) return wrong_type("a list of names");
    names.push_back(*name);
  }
  return {};
}

/// One of some words, given as "one, two, three".
template <auto member>
Status set_feedback_choice(Settings& settings, const toml::node& value, std::string_view words) {
  const auto text = value.value_exact<std::string>();
  const auto is_word = text && !text->empty() && text->find(',') == std::string::npos &&
                       fmt::format(", {}, ", words).find(fmt::format(", {}, ", *text)) != std::string::npos;
  if (!is_word) return wrong_type(fmt::format("one of: {}", words));
  settings.feedback.*member = *text;
  return {};
}

Status set_feedback_interval(Settings& settings, const toml::node& value) {
  const auto text = value.value_exact<std::string>();
  constexpr std::string_view wanted = R"(a duration from "1s" to "365d", such as "5m"; "0s" for never)";
  constexpr std::int64_t second_ms = 1'000;
  constexpr std::int64_t year_ms = 365 * 24 * 3600 * second_ms;
  if (!text) return wrong_type(wanted);
  GRISTMILL_TRY(const auto every_ms, parse_duration_ms(*text));
  if (every_ms != 0 && (every_ms < second_ms || every_ms > year_ms)) return wrong_type(wanted);
  settings.feedback.compact_every_ms = every_ms;
  return {};
}

template <std::string io::S3Settings::* member>
Status set_object_string(Settings& settings, const toml::node& value) {
  const auto text = value.value_exact<std::string>();
  if (!text) return wrong_type("a string");
  settings.objects.*member = *text;
  return {};
}

Status set_timeout(Settings& settings, const toml::node& value) {
  const auto seconds = value.value_exact<std::int64_t>();
  if (!seconds || *seconds < 1 || *seconds > 3600) return wrong_type("a number of seconds from 1 to 3600");
  settings.objects.timeout_ms = *seconds * 1000;
  return {};
}

constexpr std::array keys{
    Key{"workspace.name", set_string<&Settings::name>},
    Key{"workspace.profile", set_string<&Settings::profile>},
    Key{"catalog.path", set_string<&Settings::catalog>},
    Key{"catalog.url", set_catalog_url},
    Key{"warehouse.path", set_string<&Settings::warehouse>},
    Key{"s3.endpoint", set_object_string<&io::S3Settings::endpoint>},
    Key{"s3.region", set_object_string<&io::S3Settings::region>},
    Key{"s3.path_style", set_flag<&Settings::objects, &io::S3Settings::path_style>},
    Key{"s3.profile", set_object_string<&io::S3Settings::profile>},
    Key{"s3.credentials_file", set_object_string<&io::S3Settings::credentials_file>},
    Key{"s3.ca_file", set_object_string<&io::S3Settings::ca_file>},
    Key{"s3.timeout", set_timeout},
    Key{"s3.attempts", set_whole<1, 100, &Settings::objects, &io::S3Settings::attempts_max>},
    Key{"resources.memory", set_size<&Settings::memory_bytes>},
    Key{"resources.threads", set_whole<0, 4096, &Settings::threads>},
    Key{"workers.lease_seconds", set_whole<1, 86'400, &Settings::lease_seconds>},
    Key{"limits.document", set_size<&Settings::limits, &formats::Limits::document_bytes_max>},
    Key{"limits.expanded", set_size<&Settings::limits, &formats::Limits::expanded_bytes_max>},
    Key{"limits.expansion_ratio", set_ratio},
    Key{"limits.quarantine", set_quarantine},
    Key{"fields.text",
        [](Settings& settings, const toml::node& value) { return set_names(settings.fields.text, value); }},
    Key{"release.approvals", set_whole<0, 100, &Settings::release_approvals>},
    Key{"release.approvers",
        [](Settings& settings, const toml::node& value) { return set_names(settings.release_approvers, value); }},
    Key{"fields.url",
        [](Settings& settings, const toml::node& value) { return set_names(settings.fields.url, value); }},
    Key{"feedback.path", set_text<&Settings::feedback, &FeedbackSettings::folder>},
    Key{"feedback.dataset", set_text<&Settings::feedback, &FeedbackSettings::dataset>},
    Key{"feedback.license", set_text<&Settings::feedback, &FeedbackSettings::license>},
    Key{"feedback.without_consent",
        [](Settings& settings, const toml::node& value) {
          return set_feedback_choice<&FeedbackSettings::without_consent>(settings, value, "strip, refuse");
        }},
    Key{"feedback.pii",
        [](Settings& settings, const toml::node& value) {
          return set_feedback_choice<&FeedbackSettings::pii>(settings, value, "redact, reject, keep");
        }},
    Key{"feedback.pii_kinds",
        [](Settings& settings, const toml::node& value) { return set_names(settings.feedback.pii_kinds, value); }},
    Key{"feedback.queue", set_size<&Settings::feedback, &FeedbackSettings::queue_bytes>},
    Key{"feedback.keys", set_whole<1, 100'000'000, &Settings::feedback, &FeedbackSettings::keys>},
    Key{"feedback.compact_every", set_feedback_interval},
    Key{"iceberg.keys_file", set_text<&Settings::iceberg, &IcebergSettings::keys_file>},
    Key{"iceberg.writer_profile", set_text<&Settings::iceberg, &IcebergSettings::writer_profile>},
    Key{"iceberg.reader_profile", set_text<&Settings::iceberg, &IcebergSettings::reader_profile>},
    Key{"iceberg.remote_signing", set_flag<&Settings::iceberg, &IcebergSettings::remote_signing>},
    Key{"server.host", set_text<&Settings::server, &ServerSettings::host>},
    Key{"server.port", set_whole<0, 65535, &Settings::server, &ServerSettings::port>},
    Key{"server.tls_certificate", set_text<&Settings::server, &ServerSettings::tls_certificate>},
    Key{"server.tls_key", set_text<&Settings::server, &ServerSettings::tls_key>},
    Key{"server.plain_http", set_flag<&Settings::server, &ServerSettings::plain_http>},
    Key{"server.threads", set_whole<1, 256, &Settings::server, &ServerSettings::threads>},
    Key{"server.connections", set_whole<1, 100'000, &Settings::server, &ServerSettings::connections>},
    Key{"server.body_memory", set_size<&Settings::server, &ServerSettings::body_memory_bytes>},
    Key{"server.rate", set_whole<1, 1'000'000, &Settings::server, &ServerSettings::rate>},
    Key{"server.jobs", set_whole<1, 64, &Settings::server, &ServerSettings::jobs>},
};

Status set_key(Settings& settings, const std::string& name, const toml::node& value, const std::string& path) {
  const auto& place = value.source().begin;
  for (const auto& key : keys) {
    if (key.name != name) continue;
    if (auto status = key.set(settings, value); !status) {
      return invalid_argument(
          fmt::format("{}, line {}, column {}: {} {}", path, place.line, place.column, name, status.error().message));
    }
    return {};
  }
  std::vector<std::string_view> known;
  for (const auto& key : keys) known.push_back(key.name);
  const auto near = ops::nearest(name, known);
  return invalid_argument(fmt::format("{}, line {}, column {}: unknown setting '{}'{}", path, place.line, place.column,
                                      name, near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near)));
}

constexpr const char* file_catalog =
    R"(path = ".gristmill/catalog.db"   # SQLite, WAL mode; holds the Iceberg catalog too
# url = "postgresql://user@host:5432/gristmill"   # PostgreSQL in its place; password: PGPASSWORD or ~/.pgpass)";

constexpr std::string_view startup_text =
    R"(# A Gristmill workspace. Everything below is optional; the values shown are the defaults.

[workspace]
name = "{name}"
profile = "{profile}"

[catalog]
{catalog}

[warehouse]
path = "warehouse"               # datasets, raw files, token shards; or s3://BUCKET/PREFIX

[resources]
memory = "2GiB"                  # working memory of one run
threads = 0                      # 0 = all cores

# [workers]
# lease_seconds = 60             # after this long without a word a worker's tasks are given to others

[limits]
document = "64MiB"               # larger records go to quarantine
expanded = "1TiB"                # decompressed size of one file
expansion_ratio = 200            # decompressed to compressed, checked beyond 64 MiB
quarantine = "100%"              # share of an ingestion that may be quarantined

# [release]
# approvals = 1                  # so many other users must approve a release before it can be used
# approvers = ["anna", "ben"]    # only these may; without the line any other user

# [s3]                           # for paths s3://BUCKET/PREFIX: the warehouse above, or what is ingested
# endpoint = "https://minio.example:9000"   # default: AWS
# region = "us-east-1"           # or AWS_REGION
# path_style = true              # bucket in the path; default: true with an endpoint
# profile = "default"            # of ~/.aws/credentials; else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
# credentials_file = "s3.ini"    # instead of ~/.aws/credentials
# ca_file = "ca.pem"             # certificates to trust
# timeout = 30                   # seconds to connect, and without a byte
# attempts = 8                   # tries of a request for faults that may pass

# [fields]                       # names tried in order in JSON, CSV and Parquet records
# text = ["text", "content", "body"]
# url = ["url", "uri", "link"]

# [feedback]                     # online feedback, see docs/formats/feedback-events.md
# dataset = "feedback/events"
# without_consent = "strip"      # stored without text; "refuse"
# pii = "redact"                 # "reject" the event, or "keep" what it holds
# compact_every = "5m"           # while served; "0s" for never

# [server]                       # what `gristmill serve` takes where no flag says otherwise
# host = "127.0.0.1"             # beyond this machine with TLS only
# port = 8787
# tls_certificate = "server.pem" # certificate and its chain
# tls_key = "server.key"
# plain_http = false             # true: a proxy in front does TLS
# threads = 8                    # that work on requests
# connections = 1024
# body_memory = "256MiB"         # for the bodies of all requests together
# rate = 2000                    # requests a second of one token
# jobs = 1                       # runs at once that clients start

# [iceberg]                      # what Iceberg clients of the server get for a warehouse in a bucket, docs/server.md
# keys_file = "clients.ini"      # like ~/.aws/credentials; keys only for clients
# writer_profile = "writers"     # section for tokens that may write; without the line they get no keys
# reader_profile = "readers"     # for tokens that may only read
# remote_signing = true          # sign the requests of clients that ask for it
)";

}  // namespace

Result<std::string> settings_template(const std::string& name, const std::string& profile,
                                      const std::string& catalog_url) {
  if (profile != "startup" && profile != "platform" && profile != "organization") {
    return invalid_argument(fmt::format("'{}' is not a profile: use startup, platform or organization", profile));
  }
  if (!catalog_url.empty() && !meta::is_postgres_url(catalog_url))
    return invalid_argument("a catalog is a URL such as postgresql://user@host:5432/gristmill");
  std::string text(startup_text);
  const auto put = [&](std::string_view mark, const std::string& value) {
    text.replace(text.find(mark), mark.size(), value);
  };
  put("{name}", Json(name).dump().substr(1, Json(name).dump().size() - 2));
  put("{profile}", profile);
  put("{catalog}",
      std::string(catalog_url.empty() ? file_catalog : "url = " + Json(meta::without_password(catalog_url)).dump()));
  return text;
}

Result<Settings> parse_settings(const std::string& text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return invalid_argument(fmt::format("{}, line {}, column {}: {}", path, error.source().begin.line,
                                        error.source().begin.column, error.description()));
  }
  Settings settings;
  for (const auto& [section, node] : table) {
    const auto* entries = node.as_table();
    const std::string section_name(section.str());
    if (entries == nullptr) {
      GRISTMILL_RETURN_IF_ERROR(set_key(settings, section_name, node, path));
      continue;
    }
    for (const auto& [key, value] : *entries) {
      GRISTMILL_RETURN_IF_ERROR(
          set_key(settings, fmt::format("{}.{}", section_name, std::string(key.str())), value, path));
    }
  }
  return settings;
}

}  // namespace gristmill::platform
