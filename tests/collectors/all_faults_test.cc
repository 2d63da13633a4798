// Every collector of the list with its sources broken in every way: none crashes, hangs, passes off what it could not
// read as a value, or needs more than one run to recover.
#include <gtest/gtest.h>

#include <algorithm>
#include "collectors/all.h"
#include "exporter/build.h"
#include "exporter/config.h"
#include "exporter/text.h"
#include "tests/support/faulty_filesystem.h"
#include "tests/support/recorded_host.h"

namespace upkeep {

void PrintTo(const CollectorType* type, std::ostream* out) { *out << type->name; }

namespace testing {
namespace {

// One collector on the recorded server, whose files and kernel can be broken.
class Patient {
 public:
  explicit Patient(const CollectorType& type) : type_(type), document_("upkeep.yml", config()) {
    heal();
    auto instances = build_instances(document_.root().section("collectors"), {&list_[0], 1}, environment_, {});
    instance_ = std::move(instances.at(0));
  }

  // Long after the run before: nothing is remembered any more, and nothing backs off.
  void run() {
    const double wall = unix_seconds(host_.clock.wall());
    host_.clock.advance(std::chrono::hours(1));
    host_.clock.set_wall(wall);
    instance_->run({});
  }
  // Without the one counter of errors that remembers what an earlier look met.
  [[nodiscard]] std::string text() const {
    const std::string page = text_of(instance_->snapshot()->samples);
    std::string text;
    for (std::string_view line : Lines(page)) {
      if (line.find("x509_source_errors_total") == std::string_view::npos) text.append(line).append("\n");
    }
    return text;
  }
  [[nodiscard]] std::size_t series() const { return instance_->snapshot()->samples.values.size(); }
  [[nodiscard]] Outcome outcome() const { return instance_->status().outcome; }
  [[nodiscard]] std::string error() const { return instance_->error(); }
  [[nodiscard]] std::set<std::string> files() const { return fs_.touched(); }
  [[nodiscard]] bool asked_kernel() const { return asked_kernel_; }

  void heal() {
    fs_.set({});
    host_.load_kernel();
    host_.kernel.on_netlink = [this](int protocol, std::string_view request) {
      asked_kernel_ = true;
      return sound_netlink_(protocol, request);
    };
  }
  void break_file(Fault fault, const std::string& path) {
    fs_.set(fault, [path](std::string_view one) { return one == path; });
  }
  void break_everything(Fault fault) {
    fs_.set(fault, [](std::string_view) { return true; });
    host_.kernel.uts = fail(ErrorCode::kSystem, "uname: Input/output error");
    host_.kernel.time = fail(ErrorCode::kSystem, "adjtimex: Input/output error");
    host_.kernel.usage.clear();
    if (fault == Fault::kHalf || fault == Fault::kNoise || fault == Fault::kEmpty) {
      host_.kernel.on_netlink = [this, fault](int protocol, std::string_view request) {
        const std::string sound = sound_netlink_(protocol, request);
        if (fault == Fault::kNoise) return std::string(sound.size(), '\xA5');
        return fault == Fault::kEmpty ? std::string() : sound.substr(0, sound.size() / 2);
      };
    } else {
      host_.kernel.on_netlink = nullptr;
    }
  }

 private:
  static std::string config() {
    std::string text = "{}";
    if (auto read = read_config_file(RecordedHost::folder_of("server") / "upkeep.yml")) text = *std::move(read);
    return text;
  }

  const CollectorType& type_;
  const CollectorType* list_[1] = {&type_};
  RecordedHost host_{"server"};
  std::function<std::string(int, std::string_view)> sound_netlink_ = host_.kernel.on_netlink;
  bool asked_kernel_ = false;
  FaultyFileSystem fs_{*host_.fs};
  Environment environment_{fs_, host_.kernel, host_.clock, no_log()};
  ConfigDocument document_;
  std::shared_ptr<Instance> instance_;
};

class AllFaults : public ::testing::TestWithParam<const CollectorType*> {};

// What a collector may say without an error though its sources are broken, and why.
bool is_excused(const CollectorType& type, Fault fault) {
  if (fault == Fault::kHalf) return true;  // half of a table is a table: only its reader may know better
  const std::string_view name = type.name;
  if (name == "time") return true;                     // which it takes from its own clock
  if (fault == Fault::kNoise) return name == "hwmon";  // chips and sensors are called whatever they are called
  if (fault == Fault::kEmpty) {
    // No socket, no textfile, an os-release that leaves everything at its default, an engine that does not answer.
    return name == "tcpstat" || name == "textfile" || name == "os" || name == "containers";
  }
  return false;
}

TEST_P(AllFaults, NothingCanBeRead) {
  for (Fault fault : kAllFaults) {
    SCOPED_TRACE(to_string(fault));
    Patient patient(*GetParam());
    patient.run();
    const std::string sound = patient.text();
    ASSERT_EQ(patient.outcome(), Outcome::kSuccess) << patient.error();
    if (patient.files().empty() && !patient.asked_kernel()) continue;  // has nothing that could break
    patient.break_everything(fault);
    patient.run();
    EXPECT_TRUE(patient.outcome() != Outcome::kSuccess || patient.series() == 0 || is_excused(*GetParam(), fault))
        << patient.text();
    if (fault == Fault::kIo || fault == Fault::kPermission) {
      EXPECT_EQ(patient.outcome(), Outcome::kError) << "not to be allowed to look is a failure: " << patient.error();
      EXPECT_NE(patient.error(), "");
    }
    patient.heal();
    patient.run();
    EXPECT_EQ(patient.text(), sound);
    EXPECT_EQ(patient.outcome(), Outcome::kSuccess) << patient.error();
  }
}

TEST_P(AllFaults, NothingCanBeReadFromTheBeginning) {
  for (Fault fault : kAllFaults) {
    SCOPED_TRACE(to_string(fault));
    Patient patient(*GetParam());
    patient.break_everything(fault);
    patient.run();
    if (patient.files().empty() && !patient.asked_kernel() && patient.outcome() == Outcome::kSuccess) continue;
    EXPECT_TRUE(patient.outcome() != Outcome::kSuccess || patient.series() == 0 || is_excused(*GetParam(), fault))
        << patient.text();
  }
}

// A collector of many files may lose one and go on; what it must not do is make up a value.
TEST_P(AllFaults, OneFileIsBroken) {
  Patient patient(*GetParam());
  patient.run();
  const std::string sound = patient.text();
  constexpr std::size_t kFilesAtMost = 150;
  const auto files = patient.files();
  const std::size_t step = files.size() / kFilesAtMost + 1;
  std::size_t position = 0;
  for (const std::string& path : files) {
    if (position++ % step != 0) continue;
    for (Fault fault : kAllFaults) {
      SCOPED_TRACE(path + ": " + std::string(to_string(fault)));
      patient.break_file(fault, path);
      patient.run();
      patient.heal();
      patient.run();
      ASSERT_EQ(patient.text(), sound);
      ASSERT_EQ(patient.outcome(), Outcome::kSuccess) << patient.error();
    }
  }
}

// Those of a list watch what is elsewhere, not files of this host.
std::vector<const CollectorType*> all() {
  std::vector<const CollectorType*> all;
  std::ranges::copy_if(all_collectors(), std::back_inserter(all), [](const auto* type) { return !type->list; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Collectors, AllFaults, ::testing::ValuesIn(all()),
                         [](const auto& parameter) { return std::string(parameter.param->name); });

}  // namespace
}  // namespace testing
}  // namespace upkeep
