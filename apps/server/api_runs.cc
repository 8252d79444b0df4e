// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api.h"
#include "gristmill/platform/run.h"
#include "json_ids.h"
#include "schema.h"

namespace gristmill::server {
namespace {

constexpr std::int64_t pipeline_length_max = 900'000;

Json run_item_schema() {
  return open_object({{"run_id", schema_of("string")},
                      {"pipeline", schema_of("string")},
                      {"status", schema_of("string")},
                      {"started_at", schema_of("string")},
                      {"finished_at", nullable(schema_of("string"))}});
}

Json run_schema() { return open_object({{"run_id", schema_of("string")}, {"status", schema_of("string")}}); }

Json operator_account_schema() {
  return open_object({{"name", schema_of("string")},
                      {"version", schema_of("integer")},
                      {"in", schema_of("integer")},
                      {"out", schema_of("integer")},
                      {"dropped", schema_of("object")},
                      {"quarantined", schema_of("integer")},
                      {"cpu_seconds", schema_of("number")}});
}

Json submission_schema() {
  auto settings = Json::object({{"type", "object"},
                                {"additionalProperties", Json::object({{"type", "string"}, {"maxLength", 10'000}})},
                                {"description", "KEY: VALUE as with `run --set`"}});
  return closed_object(
      {{"pipeline", text_schema(pipeline_length_max)}, {"recipe", text_schema(200)}, {"settings", std::move(settings)}},
      0);
}

Route run_route(std::string method, std::string_view below, std::string id, std::string summary, Json schema) {
  Route route{.method = std::move(method),
              .path = fmt::format("/api/v1/runs/{{run}}{}", below),
              .id = std::move(id),
              .tag = "runs",
              .summary = std::move(summary)};
  route.parameters = {path_parameter("run", "Id of a run, or `last`")};
  route.answers.push_back({200, "Found.", std::move(schema)});
  return route;
}

Result<Json> run_of(const Backend& backend, const Call& call) {
  GRISTMILL_TRY(auto run, platform::show_run(backend.workspace, std::string(call.text("run"))));
  return ids_as_text(std::move(run), {"inputs/*/version", "output/version"});
}

/// The id itself, also of `last`.
Result<std::string> id_of(const Backend& backend, const Call& call) {
  GRISTMILL_TRY(const auto run, platform::show_run(backend.workspace, std::string(call.text("run"))));
  return run["run_id"].as_string();
}

platform::SubmittedRun submission_of(const Call& call) {
  platform::SubmittedRun submitted{.pipeline = call.body["pipeline"].as_string(),
                                   .recipe = call.body["recipe"].as_string(),
                                   .settings = {},
                                   .idempotency_key = std::string(call.text("Idempotency-Key")),
                                   .principal = call.principal};
  for (const auto& [key, value] : call.body["settings"].members())
    submitted.settings.emplace_back(key, value.as_string());
  return submitted;
}

HttpResponse begun_response(const Result<Json>& begun) {
  if (!begun) return problem_of(begun.error());
  const auto& id = (*begun)["run_id"].as_string();
  const bool is_new = (*begun)["is_new"].as_bool();
  auto response = json_response(is_new ? 202 : 200, Json::object({{"run_id", id}, {"is_new", is_new}}));
  response.headers.emplace_back("Location", "/api/v1/runs/" + id);
  return response;
}

Json begun_schema() { return open_object({{"run_id", schema_of("string")}, {"is_new", schema_of("boolean")}}); }

Route list_route(Backend& backend) {
  Route route{.method = "GET",
              .path = "/api/v1/runs",
              .id = "list_runs",
              .tag = "runs",
              .summary = "Runs, newest first.",
              .parameters = page_parameters(),
              .answers = {{200, "The runs.", page_schema(run_item_schema())}}};
  route.handle = [&backend](const Call& call) {
    auto page = platform::page_runs(backend.workspace, page_of(call));
    if (!page) return problem_of(page.error());
    return json_response(200, ids_as_text(*std::move(page), {"items/*/output/version"}));
  };
  return route;
}

Route start_route(Backend& backend) {
  Route route{.method = "POST",
              .path = "/api/v1/runs",
              .id = "start_run",
              .tag = "runs",
              .summary =
                  "Starts a run of a pipeline, given as the text of a pipeline file or as the name of a recipe. "
                  "Answers once the run is recorded; it goes on by itself.",
              .needs = Needs::write,
              .parameters = {{.name = "Idempotency-Key",
                              .place = Place::header,
                              .schema = text_schema(200),
                              .help = "The same key again gives the run that it began"}},
              .body = submission_schema(),
              .answers = {{202, "Begun.", begun_schema()}, {200, "Begun by an earlier request.", begun_schema()}},
              .errors = {409, 503}};
  route.handle = [&backend](const Call& call) { return begun_response(backend.jobs.start(submission_of(call))); };
  return route;
}

Route plan_route(Backend& backend) {
  Route route{.method = "POST",
              .path = "/api/v1/runs/plan",
              .id = "plan_run",
              .tag = "runs",
              .summary = "What a run would do: inputs, steps, stages, splits. Changes nothing.",
              .needs = Needs::write,
              .body = submission_schema(),
              .answers = {{200, "The plan.", open_object({{"fingerprint", schema_of("string")}})}},
              .errors = {409}};
  route.handle = [&backend](const Call& call) {
    const auto request = platform::accept_run(backend.workspace, submission_of(call));
    if (!request) return problem_of(request.error());
    auto plan = platform::plan_pipeline(backend.workspace, *request);
    if (!plan) return problem_of(platform::without_place(backend.workspace, plan.error()));
    plan->at("pipeline").erase("path");
    return json_response(200, ids_as_text(*std::move(plan), {"inputs/*/version"}));
  };
  return route;
}

Route show_route(Backend& backend) {
  auto route = run_route("GET", "", "show_run", "A run: counts, resources, output.", run_schema());
  route.handle = [&backend](const Call& call) { return answer(run_of(backend, call)); };
  return route;
}

Route operators_route(Backend& backend) {
  auto route = run_route("GET", "/operators", "list_run_operators",
                         "What each operator of a run took in, gave out, dropped and why.",
                         page_schema(operator_account_schema()));
  route.handle = [&backend](const Call& call) {
    const auto run = run_of(backend, call);
    if (!run) return problem_of(run.error());
    auto items = (*run)["operators"].is_array() ? (*run)["operators"] : Json::array();
    return json_response(200, Json::object({{"items", std::move(items)}, {"next", nullptr}}));
  };
  return route;
}

Route progress_route(Backend& backend) {
  auto route = run_route(
      "GET", "/progress", "show_run_progress", "How far a run is, whoever executes it.",
      open_object(
          {{"run_id", schema_of("string")}, {"status", schema_of("string")}, {"tasks_done", schema_of("integer")}}));
  route.handle = [&backend](const Call& call) {
    const auto id = id_of(backend, call);
    if (!id) return problem_of(id.error());
    auto progress = platform::run_progress(backend.workspace, *id);
    if (progress) progress->set("live", backend.jobs.live(*id));
    return answer(std::move(progress));
  };
  return route;
}

Route resume_route(Backend& backend) {
  auto route = run_route("POST", "/resume", "resume_run", "Goes on with a run that was interrupted or failed.",
                         begun_schema());
  route.needs = Needs::write;
  route.errors = {409, 503};
  route.handle = [&backend](const Call& call) {
    const auto id = id_of(backend, call);
    if (!id) return problem_of(id.error());
    return begun_response(backend.jobs.resume(*id, call.principal));
  };
  return route;
}

Route cancel_route(Backend& backend) {
  auto route = run_route("POST", "/cancel", "cancel_run",
                         "Asks a run of this server to stop. It becomes `interrupted` and can be resumed.", {});
  route.answers = {{204, "Asked.", {}}};
  route.needs = Needs::write;
  route.errors = {409};
  route.handle = [&backend](const Call& call) {
    const auto id = id_of(backend, call);
    if (!id) return problem_of(id.error());
    if (const auto status = backend.jobs.cancel(*id); !status) return problem_of(status.error());
    return HttpResponse{.status = 204};
  };
  return route;
}

}  // namespace

std::vector<Route> run_routes(Backend& backend) {
  return {list_route(backend),       start_route(backend),     plan_route(backend),
          show_route(backend),       operators_route(backend), progress_route(backend),
          run_events_route(backend), resume_route(backend),    cancel_route(backend)};
}

}  // namespace gristmill::server
