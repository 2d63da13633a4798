// Any bytes at all in every file and netlink dump that a collector of the list reads, twice with other contents: it
// must not crash, and what it publishes must be a page. Directories are those of the recorded server, and some names
// more.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include "collectors/all.h"
#include "collectors/textfile/exposition_parser.h"
#include "exporter/build.h"
#include "exporter/text.h"
#include "exporter/utf8.h"
#include "tests/fuzz/collector_input.h"
#include "tests/support/recorded_host.h"

namespace upkeep::fuzz {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Hands out the contents of an input in the order in which they are asked for, shifted by one in the second run.
class Contents {
 public:
  explicit Contents(const CollectorInput& input) : input_(input) {}
  std::string_view of(std::string_view name) {
    const std::size_t place = places_.try_emplace(std::string(name), places_.size()).first->second;
    return input_.contents[(place + run_) % input_.contents.size()];
  }
  void next_run() { ++run_; }

 private:
  const CollectorInput& input_;
  std::map<std::string, std::size_t> places_;
  std::size_t run_ = 0;
};

class FuzzedFile final : public File {
 public:
  FuzzedFile(Contents& contents, std::string path) : contents_(contents), path_(std::move(path)) {}
  Result<std::string_view> read() override { return contents_.of(path_); }

 private:
  Contents& contents_;
  const std::string path_;
};

class FuzzedFileSystem final : public FileSystem {
 public:
  FuzzedFileSystem(FileSystem& directories, Contents& contents, std::string_view names)
      : directories_(directories), contents_(contents), names_(names) {}
  std::unique_ptr<File> open(std::string_view path, FileKind) override {
    contents_.of(path);  // takes its place
    return std::make_unique<FuzzedFile>(contents_, std::string(path));
  }
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override {
    UPKEEP_TRY(std::vector<DirectoryEntry> entries, directories_.list(path));
    Words words(names_);
    for (std::string_view name = words.next(); !name.empty(); name = words.next()) {
      if (name.find('/') == std::string_view::npos) entries.push_back({std::string(name), true, false});
    }
    return entries;
  }
  Result<FileStatus> status(std::string_view path) override { return directories_.status(path); }
  Result<std::string> link_target(std::string_view path) override { return directories_.link_target(path); }
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override {
    return testing::stream_of(std::string(contents_.of(std::string(path))), {.is_regular = true});
  }

 private:
  FileSystem& directories_;
  Contents& contents_;
  const std::string_view names_;
};

// By its name, so that inputs keep their meaning when the list changes; any, where mutation has spoiled the name.
const CollectorType& collector_of(std::string_view name) {
  const auto all = all_collectors();
  for (const CollectorType* type : all) {
    if (type->name == name) return *type;
  }
  return *all[std::hash<std::string_view>()(name) % all.size()];
}

void check(const std::string& page) {
  require(is_utf8(page));
  require(page.empty() || page.ends_with('\n'));
  require(parse_exposition(page).has_value());
}

void run(const CollectorInput& input) {
  static testing::RecordedHost host("server");
  static const std::string config = host.fs->read("upkeep.yml").value();
  Contents contents(input);
  FuzzedFileSystem fs(*host.fs, contents, input.names);
  testing::FakeKernel kernel = host.kernel;
  kernel.on_netlink = [&](int protocol, std::string_view request) {
    return std::string(contents.of("netlink " + std::to_string(protocol) + std::string(request)));
  };
  ConfigDocument document("upkeep.yml", config);
  const CollectorType* const types[] = {&collector_of(input.collector)};
  const auto instances = build_instances(document.root().section("collectors"), types,
                                         Environment{fs, kernel, host.clock, testing::no_log()}, {});
  for (int times = 0; times < 2; ++times) {
    instances.at(0)->run({});
    check(text_of(instances.at(0)->snapshot()->samples));
    contents.next_run();
  }
}

}  // namespace
}  // namespace upkeep::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upkeep::fuzz::run(upkeep::fuzz::parse_input({reinterpret_cast<const char*>(data), size}));
  return 0;
}
