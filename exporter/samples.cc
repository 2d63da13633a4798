#include "exporter/samples.h"

#include <algorithm>

#include "exporter/exposition_text.h"

namespace upkeep {

// A text without escapes has two quotes a label and no others. So when all of it is equal, each value is, too.
bool LabelText::is_of(const MetricDesc& desc, std::span<const std::string_view> values) const {
  if (values.size() != labels || values.size() > desc.label_count) return false;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    constexpr std::size_t kAround = 3;  // `{` or `,`, `=` and `"`
    at += desc.labels[i].size() + kAround;
    if (static_cast<std::ptrdiff_t>(values[i].size()) >= end - at) return false;
    if (std::string_view(at, values[i].size()) != values[i]) return false;
    at += values[i].size();
    if (*at++ != '"') return false;
  }
  return end - at == (values.empty() ? 1 : 2);  // ` ` or `} `
}

LabelText& LabelStore::intern(std::string_view text) {
  if (const auto found = by_text_.find(text); found != by_text_.end()) return *found->second;
  const auto quotes = static_cast<std::size_t>(std::ranges::count(text, '"'));
  const std::size_t labels = text.contains('\\') ? LabelText::kEscaped : quotes / 2;
  LabelText& added = texts_.emplace_back(LabelText{std::string(text), labels});
  by_text_.emplace(added.text, &added);
  return added;
}

char* write_family(const Samples& samples, const Layout::Family& family, bool header, char* at) {
  if (header) at = write_text(at, family.header);
  const std::string_view name = family.desc->name;
  for (std::size_t line = family.begin; line < family.end; ++line) {
    at = write_text(at, name);
    at = write_text(at, samples.layout->lines[line]);
    at = write_value(at, samples.values[line]);
    *at++ = '\n';
  }
  return at;
}

std::string text_of(const Samples& samples) {
  std::string text;
  for (const Layout::Family& family : samples.layout->families) {
    const std::size_t before = text.size();
    text.resize_and_overwrite(before + family.bytes_at_most, [&](char* data, std::size_t) {
      return static_cast<std::size_t>(write_family(samples, family, true, data + before) - data);
    });
  }
  return text;
}

}  // namespace upkeep
