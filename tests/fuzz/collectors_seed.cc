// Writes inputs for the collectors' fuzzer: for each recorded host and collector what it really read there.
//   collectors_seed FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "collectors/all.h"
#include "exporter/build.h"
#include "tests/fuzz/collector_input.h"
#include "tests/support/recorded_host.h"

namespace upkeep::fuzz {
namespace {

// Remembers what was opened, in that order, each once.
class Witness {
 public:
  void saw(const std::string& name, std::string_view content) {
    if (places_.try_emplace(name, contents_.size()).second) contents_.emplace_back(content);
  }
  [[nodiscard]] std::vector<std::string_view> contents() const { return {contents_.begin(), contents_.end()}; }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<std::string> contents_;
};

class WitnessedFileSystem final : public FileSystem {
 public:
  WitnessedFileSystem(FileSystem& real, Witness& witness) : real_(real), witness_(witness) {}
  std::unique_ptr<File> open(std::string_view path, FileKind kind) override {
    witness_.saw(std::string(path), real_.read(path, kind).value_or(""));
    return real_.open(path, kind);
  }
  Result<std::vector<DirectoryEntry>> list(std::string_view path) override { return real_.list(path); }
  Result<FileStatus> status(std::string_view path) override { return real_.status(path); }
  Result<std::string> link_target(std::string_view path) override { return real_.link_target(path); }
  Result<std::unique_ptr<FileStream>> stream(std::string_view path) override {
    witness_.saw(std::string(path), real_.read(path).value_or(""));
    return real_.stream(path);
  }

 private:
  FileSystem& real_;
  Witness& witness_;
};

void write_seed(const CollectorType& type, const char* name, const std::filesystem::path& folder) {
  testing::RecordedHost host(name);
  Witness witness;
  WitnessedFileSystem fs(*host.fs, witness);
  const auto answer = host.kernel.on_netlink;
  host.kernel.on_netlink = [&](int protocol, std::string_view request) {
    const std::string content = answer(protocol, request);
    witness.saw("netlink " + std::to_string(protocol) + std::string(request), content);
    return content;
  };
  ConfigDocument document("upkeep.yml", "collectors: {textfile: {directory: /var/lib/upkeep/textfile}}");
  const CollectorType* const types[] = {&type};
  const auto instances = build_instances(document.root().section("collectors"), types,
                                         Environment{fs, host.kernel, host.clock, testing::no_log()}, {});
  instances.at(0)->run({});
  CollectorInput input{type.name, "", witness.contents()};
  if (input.contents.empty()) input.contents.emplace_back();
  std::ofstream(folder / (std::string(type.name) + "_" + name), std::ios::binary) << write_input(input);
}

}  // namespace
}  // namespace upkeep::fuzz

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (const upkeep::CollectorType* type : upkeep::all_collectors()) {
    for (const char* host : {"vm", "server"}) upkeep::fuzz::write_seed(*type, host, folder);
  }
  std::printf("%zu inputs\n", upkeep::all_collectors().size() * 2);
  return 0;
}
