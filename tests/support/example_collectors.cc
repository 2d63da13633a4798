#include "tests/support/example_collectors.h"

#include "exporter/config.h"

namespace upkeep::testing {
namespace {

using namespace std::chrono_literals;

class Nothing final : public Collector {
 public:
  Result<> collect(const Run&, SampleSink&) override { return {}; }
};

Result<std::unique_ptr<Collector>> make_nothing(ConfigReader&, const Environment&) {
  return std::make_unique<Nothing>();
}

Result<std::unique_ptr<Collector>> make_disks(ConfigReader& config, const Environment&) {
  config.filter("devices", "", "^(loop|ram)\\d+$");
  return std::make_unique<Nothing>();
}

Result<std::unique_ptr<Collector>> make_mounts(ConfigReader& config, const Environment&) {
  ConfigReader mounts = config.section("mounts");
  mounts.pattern("fstypes_exclude", "^tmpfs$");
  config.filter("mounts", "", "^/proc($|/)");
  return std::make_unique<Nothing>();
}

// A directory called /broken fails for no fault of the file's; one called /twice fails and says so itself.
Result<std::unique_ptr<Collector>> make_textfile(ConfigReader& config, const Environment&) {
  const std::string directory = config.text("directory", "/var/lib/upkeep/textfile");
  config.duration("max_age", 24h, 1min);
  config.size("max_size", 1 << 20);
  if (directory == "/twice") config.mistake("directory", "no such place");
  if (directory == "/broken" || directory == "/twice") return fail(ErrorCode::kSystem, directory + ": broken");
  return std::make_unique<Nothing>();
}

Result<std::unique_ptr<Collector>> make_postgres(ConfigReader& config, const Environment&) {
  config.text("host", "127.0.0.1");
  config.integer("port", 5432, 1, 65'535);
  config.required_text("user");
  config.secret_file("password_file");
  config.choice("sslmode", "prefer", {"disable", "prefer", "require", "verify-full"});
  config.filter("databases", "", "^template\\d$");
  config.boolean("replication", true);
  config.texts("labels");
  ConfigReader top = config.section("top");
  top.integer("tables", 100, 0, 1000);
  for (ConfigReader& query : config.sections("queries")) query.required_text("sql");
  return std::make_unique<Nothing>();
}

const CollectorType kCpu = {.name = "cpu", .section = "host", .help = "Example.", .make = make_nothing};
const CollectorType kDisks = {.name = "disks", .section = "host", .help = "Example.", .make = make_disks};
const CollectorType kMounts = {
    .name = "mounts",
    .section = "host",
    .help = "Example.",
    .cadence = Cadence::kInterval,
    .make = make_mounts,
    .interval = 20s,
};
const CollectorType kTextfile = {
    .name = "textfile",
    .section = "textfile",
    .help = "Example.",
    .cadence = Cadence::kInterval,
    .make = make_textfile,
};
const CollectorType kPostgres = {
    .name = "postgres",
    .section = "postgres",
    .help = "Example.",
    .cadence = Cadence::kInterval,
    .make = make_postgres,
    .timeout = 5s,
    .list = true,
};
const CollectorType* const kAll[] = {&kCpu, &kDisks, &kMounts, &kTextfile, &kPostgres};

}  // namespace

std::span<const CollectorType* const> example_collectors() { return kAll; }

}  // namespace upkeep::testing
