#include "exporter/pattern.h"

#include <re2/re2.h>

namespace upkeep {

Result<Pattern> Pattern::compile(std::string_view expression) {
  RE2::Options options;
  options.set_log_errors(false);
  Pattern pattern;
  pattern.regex_ = std::make_shared<const RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!pattern.regex_->ok()) return fail(ErrorCode::kParse, pattern.regex_->error());
  return pattern;
}

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

bool NameFilter::keeps(std::string_view name) {
  if (!include_ && !exclude_) return true;
  if (const auto known = verdicts_.find(name); known != verdicts_.end()) return known->second;
  const bool verdict = (!include_ || include_->matches(name)) && (!exclude_ || !exclude_->matches(name));
  if (name.size() > kRememberedBytes) return verdict;
  if (verdicts_.size() >= kRemembered) verdicts_.clear();
  verdicts_.emplace(name, verdict);
  return verdict;
}

}  // namespace upkeep
