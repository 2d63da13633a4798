// Flags -> options -> what was asked for. Names no collector.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <iostream>
#include <map>

#include "collectors/all.h"
#include "exporter/app.h"
#include "exporter/commands.h"
#include "exporter/heap.h"

namespace {

using upkeep::LogFormat;
using upkeep::LogLevel;

// --collector.NAME and --no-collector.NAME for each name.
void add_collector_flags(CLI::App& cli, upkeep::Selection& selection) {
  cli.add_flag_callback(
      "--collector.disable-defaults", [&selection] { selection.defaults = false; },
      "Enable only the collectors named by --collector.NAME.");
  for (const upkeep::CollectorType* type : upkeep::all_collectors()) {
    const std::string name(type->name);
    cli.add_flag_callback(
           "--collector." + name, [&selection, name] { selection.enabled.insert(name); },
           "Enable the " + name + " collector (default: enabled).")
        ->group("Collectors");
    cli.add_flag_callback("--no-collector." + name, [&selection, name] { selection.disabled.insert(name); })->group("");
  }
}

void add_flags(CLI::App& cli, upkeep::Options& options) {
  cli.add_option("--config.file", options.config_file, "The configuration file. Without one, defaults hold.");
  cli.add_option("--web.listen-address", options.listen, "HOST:PORT to listen on; repeatable (127.0.0.1:10190).")
      ->allow_extra_args(false);
  cli.add_option("--web.telemetry-path", options.telemetry_path, "Path of the metrics (/metrics).");
  cli.add_option("--web.max-requests", options.max_requests, "Concurrent scrapes at most; 0 means no limit (40).")
      ->check(CLI::NonNegativeNumber);
  cli.add_flag("--web.enable-lifecycle", options.lifecycle, "Allow POST /-/reload.");
  cli.add_flag("--web.disable-exporter-metrics", options.disable_exporter_metrics,
               "Leave out what Upkeep says of its own process.");
  cli.add_option("--timeout-offset", options.timeout_offset_seconds,
                 "Seconds to answer before Prometheus' own timeout (0.5).")
      ->check(CLI::NonNegativeNumber);
  const std::map<std::string, LogLevel> levels = {
      {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}};
  cli.add_option("--log.level", options.log_level, "debug, info, warn or error (info).")
      ->transform(CLI::CheckedTransformer(levels))
      ->type_name("LEVEL");
  const std::map<std::string, LogFormat> formats = {{"logfmt", LogFormat::kLogfmt}, {"json", LogFormat::kJson}};
  cli.add_option("--log.format", options.log_format, "logfmt or json (logfmt).")
      ->transform(CLI::CheckedTransformer(formats))
      ->type_name("FORMAT");
  cli.add_option("--path.procfs", options.roots.procfs, "Where the host's /proc is.")->capture_default_str();
  cli.add_option("--path.sysfs", options.roots.sysfs, "Where the host's /sys is.")->capture_default_str();
  cli.add_option("--path.rootfs", options.roots.rootfs, "Where the host's / is.")->capture_default_str();
  add_collector_flags(cli, options.selection);
}

}  // namespace

int main(int argc, char** argv) {
  upkeep::set_up_heap();
  CLI::App cli("Upkeep: the maintenance handbook, executed. A Prometheus exporter of what wants looking after.",
               "upkeep");
  upkeep::Options options;
  bool version = false, config_check = false;
  std::vector<std::string> names;
  add_flags(cli, options);
  cli.add_flag("--version", version, "Print the version.");
  cli.add_flag("--config.check", config_check, "Check the configuration file, then end with 0 or 1.");
  cli.require_subcommand(0, 1);
  cli.fallthrough();  // flags may follow the subcommand
  CLI::App* const check = cli.add_subcommand("check-config", "Check the configuration file, then end with 0 or 1.");
  CLI::App* const collect = cli.add_subcommand("collect", "Run collectors once and print what they see.");
  collect->add_option("NAME", names, "Collectors; all enabled ones without any.");
  CLI::App* const list_collectors = cli.add_subcommand("list-collectors", "Print every collector.");
  CLI::App* const list_metrics = cli.add_subcommand("list-metrics", "Print every metric family.");
  const auto types = upkeep::all_collectors();
  std::map<const CLI::App*, const upkeep::CollectorType*> commands_of_collectors;
  for (const upkeep::CollectorType* type : types) {
    if (type->command == nullptr) continue;
    CLI::App* const command = cli.add_subcommand(std::string(type->command->name), std::string(type->command->help));
    command
        ->add_option("NAME", names,
                     "Which one, by its name in the configuration" + std::string(type->command->arguments))
        ->required();
    commands_of_collectors[command] = type;
  }
  try {
    cli.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return cli.exit(help);
  } catch (const CLI::ParseError& error) {
    std::cerr << "upkeep: error: " << error.what() << ", try --help\n";
    return 1;
  }

  namespace commands = upkeep::commands;
  if (version) return commands::version(std::cout);
  if (*list_collectors) return commands::list_collectors(types, std::cout);
  if (*list_metrics) return commands::list_metrics(types, std::cout);
  upkeep::App app(options, types);
  int status = 0;
  const auto asked = std::ranges::find_if(commands_of_collectors, [](const auto& one) { return bool(*one.first); });
  if (config_check || *check) {
    status = commands::check_config(app, options.config_file, std::cout, std::cerr);
  } else if (*collect) {
    status = commands::collect(app, names, std::cout, std::cerr);
  } else if (asked != commands_of_collectors.end()) {
    status = app.run_command(*asked->second, names, std::cout, std::cerr);
  } else {
    status = app.serve();
  }
  std::cout.flush();
  app.log().flush(std::chrono::milliseconds(500));
  ::_exit(status);  // threads of collectors may still be at work
}
