// What is known of the contents of one kind of backup: hands files to the verifier, and keeps what it found, in memory
// and in the state directory.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "collectors/backups/catalogue.h"
#include "collectors/backups/options.h"
#include "collectors/backups/records.h"
#include "collectors/backups/verifier.h"
#include "exporter/collector.h"

namespace upkeep::backups {

// One thread at a time. Begins nothing before the first look.
class Verified {
 public:
  Verified(const Options& options, const Environment& environment);

  // After a look at the directories. `found`: all that lies there, or nothing when not everything could be looked at.
  void look(const Catalogue& catalogue, std::span<const Item> found);
  // Of the verifier that works on meanwhile, and of what was found before.
  void publish(const Catalogue& catalogue, SampleSink& out);
  [[nodiscard]] const std::vector<Newest>& history() const { return records_.history(); }

 private:
  void load();
  void save();
  void take(Verifier::Done done);
  void want(const Catalogue& catalogue);
  void set_writable(bool writable, std::string_view why);

  const Options& options_;
  const Environment environment_;
  const std::string path_;  // of the state file; empty: none
  bool is_loaded_ = false, is_saved_ = true, is_writable_ = true;
  Records records_;
  std::unique_ptr<Verifier> verifier_;
};

}  // namespace upkeep::backups
