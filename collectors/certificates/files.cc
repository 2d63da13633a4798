#include "collectors/certificates/files.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace upkeep::certificates {
namespace {

const std::string* passphrase_of(const Source& source) {
  return source.password ? &source.password->reveal() : nullptr;
}

Problem named(const std::string& path, Problem problem) {
  problem.message.insert(0, path + ": ");
  return problem;
}

// certbot's key lies beside its certificates; nobody has to say so.
std::string key_beside(const std::string& path) {
  const std::size_t slash = path.rfind('/') + 1;
  const std::string_view name = std::string_view(path).substr(slash);
  return name == "fullchain.pem" || name == "cert.pem" ? path.substr(0, slash) + "privkey.pem" : "";
}

}  // namespace

void Files::look(FileSystem& fs) {
  states_.clear();
  std::map<std::string, Kept> now;
  failure_.reset();
  for (std::size_t place = 0; place < sources_.size(); ++place) look_at_source(fs, place, now);
  kept_ = std::move(now);
  files_.clear();
  for (const auto& [path, kept] : kept_) files_.emplace(path, kept.state);
  const auto was_read = [](const auto& file) { return file.second.bundle && !file.second.problem; };
  if (std::ranges::any_of(files_, was_read)) failure_.reset();
}

void Files::look_at_source(FileSystem& fs, std::size_t place, std::map<std::string, Kept>& now) {
  const Source& source = sources_[place];
  SourceState state{.name = source.pattern};
  Found found = find_files(fs, source);
  const auto note = [&](const Problem& problem) {
    state.is_up = false;
    state.reasons.push_back(problem.reason);
    if (!failure_) failure_ = problem;
  };
  if (found.problem) {
    note(*found.problem);
    // What cannot be seen for the moment is not gone.
    for (const auto& [path, kept] : kept_) {
      const bool known = std::ranges::any_of(found.files, [&](const FoundFile& file) { return file.path == path; });
      if (kept.source == place && !known && kept.state.bundle) found.files.push_back({path, false});
    }
  }
  for (const FoundFile& file : found.files) {
    if (now.contains(file.path)) continue;
    auto kept = look_at_file(fs, file, place);
    if (!kept) continue;
    if (kept->state.problem) note(*kept->state.problem);
    if (kept->state.key_problem) state.reasons.push_back(kept->state.key_problem->reason);
    if (kept->state.bundle) ++state.bundles;
    now.emplace(file.path, *std::move(kept));
  }
  state.is_told = source.is_expected || !state.is_up || state.bundles > 0;
  states_.push_back(std::move(state));
}

// Nothing: it is none of ours.
std::optional<Files::Kept> Files::look_at_file(FileSystem& fs, const FoundFile& file, std::size_t place) {
  const Source& source = sources_[place];
  Kept kept;
  if (const auto known = kept_.find(file.path); known != kept_.end()) kept = known->second;
  kept.source = place;
  kept.state.notice = source.notice;
  kept.state.problem.reset();
  const auto bytes = read_bytes(fs, file.path);
  kept.state.is_present = true;
  if (!bytes) {
    const Reason reason = bytes.error().reason;
    // Where one might lie, but nobody says so, and whether it does is hidden: Postgres lets no one into its directory.
    const bool may_not_be = !source.is_expected && reason == Reason::kPermission && !kept.state.bundle;
    if (may_not_be) return std::nullopt;
    kept.state.problem = bytes.error();
    kept.state.is_present = reason != Reason::kNotFound && reason != Reason::kBrokenSymlink;
    if (reason != Reason::kNotFound) return kept;
    if (!file.is_named) return std::nullopt;
    // What is gone is gone.
    kept = {.state = {.notice = source.notice, .is_present = false, .problem = bytes.error()}, .source = place};
    return kept;
  }
  const Seen seen{std::hash<std::string>()(*bytes), bytes->size()};
  if (!kept.state.bundle || kept.seen != seen) {
    const auto opened = library();
    auto bundle =
        opened ? (*opened)->parse(*bytes, passphrase_of(source)) : Checked<Bundle>(std::unexpected(opened.error()));
    if (bundle) {
      kept.seen = seen;
      kept.state.bundle = *std::move(bundle);
    } else {
      // A key or parameters, of which a wildcard knows nothing.
      if (bundle.error().reason == Reason::kNoCertificate && !file.is_named && !kept.state.bundle && !bytes->empty())
        return std::nullopt;
      kept.state.problem = named(file.path, bundle.error());
    }
  }
  if (kept.state.bundle) look_at_key(fs, source, file.path, kept);
  return kept;
}

void Files::look_at_key(FileSystem& fs, const Source& source, const std::string& path, Kept& kept) {
  FileState& state = kept.state;
  state.key_matches.reset();
  state.key_problem.reset();
  const std::string& wanted = state.bundle->certificates.front().public_key;
  state.key_path = source.key.empty() ? key_beside(path) : source.key;
  if (state.key_path.empty()) {
    const auto& keys = state.bundle->keys;
    if (keys.empty()) return;
    state.key_path = path;
    state.key_matches = std::ranges::find(keys, wanted) != keys.end();
    return;
  }
  auto bytes = read_bytes(fs, state.key_path);
  if (!bytes) {
    if (!source.key.empty()) state.key_problem = bytes.error();
    return;
  }
  const Seen seen{std::hash<std::string>()(*bytes), bytes->size()};
  if (!kept.key || kept.key_seen != seen) {
    const auto opened = library();
    if (opened) kept.key = (*opened)->parse_key(*bytes, passphrase_of(source));
    kept.key_seen = seen;
  }
  ::explicit_bzero(bytes->data(), bytes->size());
  if (!kept.key) return;
  if (*kept.key) {
    state.key_matches = **kept.key == wanted;
  } else {
    state.key_problem = named(state.key_path, kept.key->error());
  }
}

}  // namespace upkeep::certificates
