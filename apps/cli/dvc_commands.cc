// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "gristmill/platform/dvc.h"
#include "session.h"

namespace gristmill::cli {

void add_dvc_commands(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("dvc", "Datasets for DVC; `ingest` takes its pointer files (NAME.dvc)");
  command->require_subcommand(1);
  auto* made = command->add_subcommand("export", "Write a release or datasets as a DVC repository for `dvc pull`");
  made->footer("Example: gristmill dvc export handover --release 2026-11");
  struct Words {
    std::string destination, release;
    std::vector<std::string> datasets;
  };
  auto words = std::make_shared<Words>();
  made->add_option("destination", words->destination, "Folder to make")->required();
  made->add_option("--release", words->release, "All datasets of a release");
  made->add_option("--dataset", words->datasets, "NAME or NAME@VERSION");
  made->callback([&session, words] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto written,
                    platform::export_dvc(workspace, words->datasets, words->release, words->destination));
      session.show(written, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"DATASET", "VERSION", "DOCUMENTS", "POINTER"}};
        for (const auto& item : json["datasets"].items())
          rows.push_back(
              {plain(item["dataset"]), item["version"].dump(), plain(item["documents"]), plain(item["pointer"])});
        return table(rows);
      });
      return {};
    });
  });
}

}  // namespace gristmill::cli
