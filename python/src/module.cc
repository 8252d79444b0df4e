// SPDX-License-Identifier: Apache-2.0
// The native half of the Python package: operators over Arrow batches. Binding only; exceptions are made here.
#include <fmt/format.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>

#include "gristmill/engine/chain.h"
#include "gristmill/kernels/tokenizer.h"
#include "gristmill/kernels/tokenizer_file.h"
#include "gristmill/ops/columnar.h"
#include "gristmill/platform/operator_docs.h"
#include "gristmill/platform/pipeline_file.h"

namespace nb = nanobind;

namespace gristmill::python {
namespace {

[[noreturn]] void raise(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::corrupt_data: throw nb::value_error(error.message.c_str());
    case ErrorCode::not_found: throw nb::key_error(error.message.c_str());
    case ErrorCode::limit_exceeded: PyErr_SetString(PyExc_OverflowError, error.message.c_str()); break;
    default: PyErr_SetString(PyExc_RuntimeError, error.message.c_str());
  }
  throw nb::python_error();
}

template <typename T>
T value_or_raise(Result<T> result) {
  if (!result) raise(result.error());
  return *std::move(result);
}

/// A structure of the Arrow C data interface inside a capsule, as the PyCapsule protocol lays down: whoever consumes it
/// moves it out, else the capsule releases it.
template <typename Structure>
nb::capsule capsule(Structure& structure, const char* name) {
  auto owned = std::make_unique<Structure>(structure);
  structure = {};
  nb::capsule made(owned.get(), name, [](void* pointer) noexcept {
    const std::unique_ptr<Structure> held(static_cast<Structure*>(pointer));
    if (held->release != nullptr) held->release(held.get());
  });
  owned.release();
  return made;
}

nb::tuple capsules(data::ArrowPair pair) {
  return nb::make_tuple(capsule(pair.schema, "arrow_schema"), capsule(pair.array, "arrow_array"));
}

template <typename Structure>
const Structure& structure_in(const nb::object& capsule, const char* name) {
  auto* pointer = static_cast<Structure*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (pointer == nullptr) throw nb::python_error();
  if (pointer->release == nullptr) throw nb::value_error("the Arrow data was consumed already");
  return *pointer;
}

data::ArrowBatch open_batch(const nb::object& schema, const nb::object& array) {
  return value_or_raise(data::ArrowBatch::open(structure_in<ArrowSchema>(schema, "arrow_schema"),
                                               structure_in<ArrowArray>(array, "arrow_array")));
}

std::string report_json(const ops::ColumnarReport& report) {
  const auto counts = [](const std::map<std::string, std::int64_t>& map) {
    auto json = Json::object();
    for (const auto& [reason, count] : map) json.set(reason, count);
    return json;
  };
  return Json::object({{"in", report.in},
                       {"out", report.out},
                       {"bytes_in", report.bytes_in},
                       {"bytes_out", report.bytes_out},
                       {"dropped", counts(report.dropped)},
                       {"quarantined", counts(report.quarantined)}})
      .dump();
}

Result<std::unique_ptr<ops::Operator>> make_operator(const ops::CatalogEntry& entry, ops::Options& options) {
  for (const auto& option : entry.spec->options) {
    if (option.type != ops::OptionType::file || options.string(option.name).empty()) continue;
    GRISTMILL_TRY(auto bytes, platform::read_option_file({}, options.string(option.name)));
    options.set_file(option.name, std::make_shared<const std::string>(std::move(bytes)));
  }
  return entry.make(options);
}

/// An operator bound to the columns of a table; made once, used from any number of threads.
class Operator {
 public:
  Operator(const std::string& name, const std::string& options_json, const std::string& text_column)
      : bound_(make(name, options_json, text_column)) {}

  [[nodiscard]] std::vector<std::string> columns_read() const { return bound_.columns_read(); }

  [[nodiscard]] std::vector<std::string> columns_needed() const {
    std::vector<std::string> names;
    for (const auto& column : bound_.op().spec().columns_in) names.emplace_back(column.name);
    return names;
  }

  nb::tuple apply(const nb::object& schema, const nb::object& array) const {
    const auto batch = open_batch(schema, array);
    auto result = [&] {
      const nb::gil_scoped_release released;
      return bound_.apply(batch);
    }();
    if (!result) raise(result.error());
    nb::object keep = result->keep ? nb::object(capsules(*std::move(result->keep))) : nb::object(nb::none());
    return nb::make_tuple(keep, capsules(std::move(result->columns)), report_json(result->report));
  }

  void add_keys(const nb::object& schema, const nb::object& array, ops::ColumnarKeys& keys) const {
    const auto batch = open_batch(schema, array);
    const auto status = [&] {
      const nb::gil_scoped_release released;
      return bound_.add_keys(batch, keys);
    }();
    if (!status) raise(status.error());
  }

  nb::tuple survivors(ops::ColumnarKeys& keys) const {
    ops::ColumnarReport report;
    auto masks = [&] {
      const nb::gil_scoped_release released;
      return bound_.survivors(std::move(keys), report);
    }();
    if (!masks) raise(masks.error());
    nb::list list;
    for (auto& mask : *masks) list.append(capsules(std::move(mask)));
    return nb::make_tuple(list, report_json(report));
  }

 private:
  static ops::ColumnarOperator make(const std::string& name, const std::string& options_json,
                                    const std::string& text_column) {
    // The message for a misspelt name is the catalog's own.
    const auto description = platform::describe_operator(name);
    if (!description) raise(description.error());
    const auto* entry = ops::find_operator(name);
    auto options = value_or_raise(ops::resolve_options(*entry->spec, value_or_raise(Json::parse(options_json))));
    auto made = make_operator(*entry, options);
    if (!made) {
      auto error = std::move(made).error();
      raise(error.message.starts_with(name) ? error : std::move(error).within(name));
    }
    ops::ColumnarSettings settings{.text_column = text_column, .annotation = {}};
    // Who extracts from a table without media types has pages in it.
    if (name.starts_with("extract.")) settings.media_type = "text/html";
    if (options.boolean("annotate")) settings.annotation = engine::annotation_column(name);
    return {*std::move(made), std::move(settings)};
  }

  ops::ColumnarOperator bound_;
};

/// Text to ids and back, from any number of threads.
class Tokenizer {
 public:
  Tokenizer(const std::string& path, const std::string& pattern, const std::string& special_tokens,
            const std::vector<std::string>& allowed_special)
      : special_tokens_(special_tokens) {
    const auto bytes = value_or_raise(platform::read_option_file({}, path));
    auto loaded = kernels::load_tokenizer(bytes, kernels::pattern_of_name(pattern));
    if (!loaded) raise(std::move(loaded).error().within("loading tokenizer " + path));
    tokenizer_ = *std::move(loaded);
    if (const auto status = tokenizer_->allow_special(allowed_special); !status) raise(status.error());
    if (special_tokens == "allow")
      if (const auto status = tokenizer_->can_match_special(); !status) raise(status.error());
  }

  [[nodiscard]] std::size_t vocabulary_size() const { return tokenizer_->vocabulary_size(); }
  [[nodiscard]] std::optional<std::uint32_t> id_of(const std::string& token) const { return tokenizer_->id_of(token); }

  [[nodiscard]] std::vector<std::uint32_t> encode(const std::string& text) const {
    std::vector<std::uint32_t> ids;
    work([&](kernels::SpecialText special,
             kernels::TokenizerScratch& scratch) { return tokenizer_->encode(text, special, scratch, ids); },
         text);
    return ids;
  }

  /// (ids, begins, ends), in bytes or characters of the text.
  [[nodiscard]] nb::tuple encode_spans(const std::string& text, bool in_characters) const {
    std::vector<std::uint32_t> ids;
    std::vector<kernels::TokenSpan> spans;
    work(
        [&](kernels::SpecialText special, kernels::TokenizerScratch& scratch) {
          auto status = tokenizer_->encode_spans(text, special, scratch, ids, spans);
          if (status && in_characters) kernels::to_characters(text, spans);
          return status;
        },
        text);
    nb::list pairs;
    for (const auto& span : spans) pairs.append(nb::make_tuple(span.begin, span.end));
    return nb::make_tuple(ids, pairs);
  }

  [[nodiscard]] nb::bytes decode(const std::vector<std::uint32_t>& ids) const {
    const auto bytes = tokenizer_->decode(ids);
    return nb::bytes(bytes.data(), bytes.size());
  }

 private:
  /// Calls `encode(special, scratch)` without the interpreter's lock, with working memory that nobody else uses.
  template <typename Encode>
  void work(const Encode& encode, const std::string& text) const {
    const bool is_refusing = special_tokens_ == "refuse";
    if (const auto at = is_refusing ? tokenizer_->find_special(text) : std::nullopt)
      raise(invalid_argument(fmt::format("the text spells a special token at byte {}", *at)));
    const nb::gil_scoped_release released;
    std::unique_ptr<kernels::TokenizerScratch> scratch;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        scratch = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!scratch) scratch = std::make_unique<kernels::TokenizerScratch>();
    const auto status = encode(special_tokens_ == "allow" ? kernels::SpecialText::control : kernels::SpecialText::plain,
                               *scratch);
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(scratch));
    }
    if (!status) {
      const nb::gil_scoped_acquire acquired;
      raise(status.error());
    }
  }

  std::unique_ptr<kernels::Tokenizer> tokenizer_;
  std::string special_tokens_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<kernels::TokenizerScratch>> idle_;
};

}  // namespace
}  // namespace gristmill::python

NB_MODULE(_native, module) {
  using gristmill::python::Operator;
  module.doc() = "Native half of the gristmill package.";
  module.def("operators", [] { return gristmill::platform::describe_operators().dump(); }, "All specs as JSON.");
  nb::class_<gristmill::ops::ColumnarKeys>(module, "Keys", "Hash keys of a table's rows.").def(nb::init<>());
  nb::class_<Operator>(module, "Operator", "An operator bound to the columns of a table.")
      .def(nb::init<const std::string&, const std::string&, const std::string&>(), nb::arg("name"), nb::arg("options"),
           nb::arg("text_column"))
      .def_prop_ro("columns_read", &Operator::columns_read)
      .def_prop_ro("columns_needed", &Operator::columns_needed)
      .def("apply", &Operator::apply, nb::arg("schema"), nb::arg("array"),
           "Applies a map or filter to one record batch: (mask or None, columns, report as JSON).")
      .def("add_keys", &Operator::add_keys, nb::arg("schema"), nb::arg("array"), nb::arg("keys"))
      .def("survivors", &Operator::survivors, nb::arg("keys"),
           "The masks of the batches whose keys were added, and the report.");
  using gristmill::python::Tokenizer;
  nb::class_<Tokenizer>(module, "Tokenizer", "Text to token ids and back.")
      .def(nb::init<const std::string&, const std::string&, const std::string&, const std::vector<std::string>&>(),
           nb::arg("path"), nb::arg("pattern"), nb::arg("special_tokens"), nb::arg("allowed_special"))
      .def_prop_ro("vocabulary_size", &Tokenizer::vocabulary_size)
      .def("id_of", &Tokenizer::id_of, nb::arg("token"))
      .def("encode", &Tokenizer::encode, nb::arg("text"))
      .def("encode_spans", &Tokenizer::encode_spans, nb::arg("text"), nb::arg("in_characters"),
           "(ids, [(begin, end)]), in bytes or characters of the text.")
      .def("decode", &Tokenizer::decode, nb::arg("ids"));
}
