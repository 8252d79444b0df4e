// SPDX-License-Identifier: Apache-2.0
#include "request_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/kernels/utf8.h"
#include "schema.h"

namespace gristmill::server {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Takes the part before `mark` off the front.
std::string_view take_part(std::string_view& text, char mark) {
  const auto end = std::min(text.find(mark), text.size());
  const auto part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// A weight of zero, however it is written: q=0, q=0.000.
bool is_excluded(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto part = take_part(parameters, ';');
    if (part.size() > 2 && equal_names(part.substr(0, 2), "q="))
      return part.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

HttpResponse faults_response(std::string_view what, const std::vector<SchemaFault>& faults) {
  auto list = Json::array();
  for (const auto& fault : faults) list.push(Json::object({{"where", fault.where}, {"message", fault.message}}));
  const auto& first = faults.front();
  return problem(422, fmt::format("{}{}{} {}", what, first.where.empty() ? "" : " ", first.where, first.message),
                 Json::object({{"errors", std::move(list)}}));
}

const Parameter* declared(const Route& route, std::string_view name, Place place) {
  const auto found = std::ranges::find_if(
      route.parameters, [&](const Parameter& parameter) { return parameter.name == name && parameter.place == place; });
  return found == route.parameters.end() ? nullptr : &*found;
}

void check_value(const Parameter& parameter, std::string_view value, std::vector<SchemaFault>& faults) {
  const auto place = parameter.place == Place::path ? "path" : parameter.place == Place::query ? "query" : "header";
  check_schema(parameter.schema, scalar_of(parameter.schema, value), fmt::format("{}/{}", place, parameter.name),
               faults);
}

/// Parameters in the path, which are there, and in the header, which are taken up when they are.
void check_outside_query(const Route& route, Call& call, std::vector<SchemaFault>& faults) {
  for (const auto& [name, value] : call.values) {
    if (const auto* parameter = declared(route, name, Place::path)) check_value(*parameter, value, faults);
  }
  for (const auto& parameter : route.parameters) {
    if (parameter.place != Place::header || !call.request->has_header(parameter.name)) continue;
    const auto value = call.request->header(parameter.name);
    if (kernels::is_valid_utf8(value)) {
      check_value(parameter, value, faults);
    } else {
      faults.push_back({fmt::format("header/{}", parameter.name), "is no UTF-8"});
    }
    call.values.emplace_back(parameter.name, value);
  }
}

std::optional<HttpResponse> check_parameters(const Route& route, Call& call) {
  auto query = parse_query(call.request->query);
  if (!query) return problem(400, query.error().message);
  std::vector<SchemaFault> faults;
  check_outside_query(route, call, faults);
  for (auto& [name, value] : *query) {
    const auto* parameter = declared(route, name, Place::query);
    if (parameter == nullptr) {
      faults.push_back({fmt::format("query/{}", name), "is no parameter of this operation"});
    } else if (call.has(name)) {
      faults.push_back({fmt::format("query/{}", name), "is given twice"});
    } else {
      check_value(*parameter, value, faults);
      call.values.emplace_back(std::move(name), std::move(value));
    }
    if (faults.size() >= faults_max) break;
  }
  for (const auto& parameter : route.parameters) {
    if (parameter.is_required && !call.has(parameter.name)) faults.push_back({parameter.name, "is missing"});
  }
  if (!faults.empty()) return faults_response("parameter", faults);
  return std::nullopt;
}

std::optional<HttpResponse> check_body(const Route& route, Call& call) {
  const auto& request = *call.request;
  if (route.body.is_null()) return std::nullopt;
  auto type = request.header("Content-Type");
  if (const auto media_type = take_part(type, ';'); !equal_names(media_type, route.body_media_type))
    return problem(415, fmt::format("send the body as Content-Type: {}", route.body_media_type));
  if (const auto encoding = request.header("Content-Encoding"); !encoding.empty() && !equal_names(encoding, "identity"))
    return problem(415, "send the body without Content-Encoding");
  if (route.parses_body) return std::nullopt;
  auto body = Json::parse(request.body);
  if (!body) return problem(400, fmt::format("the body is no JSON: {}", body.error().message));
  std::vector<SchemaFault> faults;
  check_schema(route.body, *body, "", faults);
  if (!faults.empty()) return faults_response("body", faults);
  call.body = *std::move(body);
  return std::nullopt;
}

}  // namespace

bool accepts(std::string_view accept, std::string_view media_type) {
  if (trimmed(accept).empty()) return true;
  const auto family = media_type.substr(0, media_type.find('/'));
  while (!accept.empty()) {
    auto range = take_part(accept, ',');
    const auto name = take_part(range, ';');
    const bool fits = name == "*/*" || equal_names(name, media_type) ||
                      (name.size() == family.size() + 2 && name.ends_with("/*") &&
                       equal_names(name.substr(0, family.size()), family));
    if (fits && !is_excluded(range)) return true;
  }
  return false;
}

std::optional<HttpResponse> check_length(const Route& route, const HttpRequest& head) {
  if (route.body.is_null() || !head.header("Content-Length").empty() || !head.header("Transfer-Encoding").empty())
    return std::nullopt;
  return problem(411, "send the body with its Content-Length");
}

std::optional<HttpResponse> check_request(const Route& route, Call& call) {
  const auto accept = call.request->header("Accept");
  const bool is_any_fit = route.answers.empty() || std::ranges::any_of(route.answers, [&](const Answer& answer) {
                            return answer.schema.is_null() || accepts(accept, answer.media_type);
                          });
  if (!is_any_fit)
    return problem(406, fmt::format("this resource is {}, which your Accept header does not take",
                                    route.answers.front().media_type));
  if (auto fault = check_parameters(route, call)) return fault;
  return check_body(route, call);
}

}  // namespace gristmill::server
