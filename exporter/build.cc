#include "exporter/build.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporter/limits.h"

namespace upkeep {
namespace {

// Whether a collector runs: the command line first, then the file.
bool is_on(const CollectorType& type, bool on_in_file, const Selection& selection) {
  if (selection.disabled.contains(type.name)) return false;
  if (selection.enabled.contains(type.name)) return true;
  return selection.defaults && on_in_file;
}

// The `name` of an item of a list, which becomes a label: required, printable, not too long, and not used before.
std::string read_name(ConfigReader& item, std::set<std::string, std::less<>>& taken) {
  std::string name = item.required_text("name");
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  if (name.size() > limits::kLabelValueBytes)
    item.mistake("name", fmt::format("at most {} bytes expected", limits::kLabelValueBytes));
  if (std::ranges::any_of(name, is_control)) item.mistake("name", "a control character in the name");
  if (!name.empty() && !taken.insert(name).second)
    item.mistake("name", fmt::format("'{}' is the name of another one", name));
  return name;
}

// What building needs besides the type and its settings.
struct Context {
  std::span<const CollectorType* const> types;
  const Environment& environment;
  const Selection& selection;
  std::vector<std::shared_ptr<Instance>>& instances;
};

std::vector<std::string_view> names_in_section(const Context& context, std::string_view section) {
  std::vector<std::string_view> names;
  for (const CollectorType* type : context.types) {
    if (type->section == section) names.push_back(type->name);
  }
  return names;
}

// Makes the collector even where it is switched off, so that its settings are known and checked.
void build(const CollectorType& type, std::string name, ConfigReader settings, bool on, const Context& context) {
  const auto siblings = names_in_section(context, type.section);
  if (siblings.size() > 1) {
    const auto disabled = settings.choices("disable", siblings);
    on = on && std::ranges::find(disabled, type.name) == disabled.end();
  }
  auto interval = type.interval;
  auto timeout = type.timeout;
  if (type.cadence == Cadence::kInterval) {
    interval = settings.duration("interval", interval, limits::kMinInterval);
    timeout = settings.duration("timeout", timeout, limits::kMinInterval);
  }
  const std::size_t mistakes_before = settings.mistakes_so_far();
  auto collector = type.make(settings, context.environment);
  if (!is_on(type, on, context.selection)) return;
  if (!collector) {
    if (settings.mistakes_so_far() == mistakes_before) settings.mistake("", collector.error().message);
    return;
  }
  context.instances.push_back(std::make_shared<Instance>(type, std::move(name), *std::move(collector),
                                                         context.environment.clock, interval, timeout));
}

}  // namespace

std::vector<std::shared_ptr<Instance>> build_instances(ConfigReader collectors,
                                                       std::span<const CollectorType* const> types,
                                                       const Environment& environment, const Selection& selection) {
  std::vector<std::shared_ptr<Instance>> instances;
  const Context context{types, environment, selection, instances};
  for (const CollectorType* type : types) {
    const bool on = !collectors.switched_off(type->section);
    if (!on && !is_on(*type, on, selection)) continue;
    if (!type->list) {
      build(*type, "", collectors.section(type->section), on, context);
      continue;
    }
    std::set<std::string, std::less<>> names;
    for (ConfigReader& item : collectors.sections(type->section)) {
      build(*type, read_name(item, names), item, on, context);
    }
  }
  return instances;
}

}  // namespace upkeep
