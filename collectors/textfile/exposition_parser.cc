#include "collectors/textfile/exposition_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "exporter/limits.h"
#include "exporter/text.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

constexpr std::size_t kMostLabels = 64;  // of a sample; nothing reasonable has as many

bool is_short(std::string_view name) { return name.size() <= limits::kLabelValueBytes; }

bool is_metric_name(std::string_view name) { return is_short(name) && naming::is_foreign_metric_name(name); }

bool is_label_name(std::string_view name) {
  return is_short(name) && naming::is_metric_name(name) && name != "__name__";
}

// The beginning of a word, for messages.
std::string quoted(std::string_view word) {
  constexpr std::size_t kMost = 40;
  return fmt::format("{:?}{}", word.substr(0, utf8_boundary(word, kMost)), word.size() > kMost ? "..." : "");
}

// As Go reads numbers: unlike std::from_chars it takes a plus sign, and no "nan(...)".
std::optional<double> to_value(std::string_view word) {
  if (word.starts_with('+')) {
    word.remove_prefix(1);
    if (word.starts_with('-')) return std::nullopt;
  }
  if (word.find('(') != std::string_view::npos) return std::nullopt;
  return to_number(word);
}

// One pass over the lines of a text.
class Parser {
 public:
  std::expected<std::vector<ExpositionFamily>, ExpositionFault> parse(std::string_view text) {
    while (!text.empty() && !fault_) {
      ++line_;
      const std::size_t end = text.find('\n');
      rest_ = text.substr(0, end);
      if (end == std::string_view::npos) {
        fault("line without an end: the file is not whole");
      } else if (!is_utf8(rest_)) {
        fault("bytes that are no UTF-8", ExpositionProblem::kUtf8);
      } else {
        parse_line();
        text.remove_prefix(end + 1);
      }
    }
    if (fault_) return std::unexpected(*std::move(fault_));
    std::erase_if(families_, [](const ExpositionFamily& family) { return family.samples.empty(); });
    return std::move(families_);
  }

 private:
  // Notes the first fault, and is false.
  bool fault(std::string message, ExpositionProblem problem = ExpositionProblem::kSyntax) {
    if (!fault_) fault_ = ExpositionFault{problem, line_, std::move(message)};
    return false;
  }

  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  // The characters up to the next blank.
  std::string_view word() {
    skip_blanks();
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return word;
  }

  // The characters before the first one that `ends` holds.
  std::string_view until(std::string_view ends) {
    const std::string_view text = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(text.size());
    return text;
  }

  bool takes(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void parse_line() {
    skip_blanks();
    if (rest_.empty()) return;
    if (takes('#')) {
      parse_comment();
    } else {
      parse_sample();
    }
  }

  void parse_comment() {
    const std::string_view keyword = word();
    if (keyword != "HELP" && keyword != "TYPE") return;
    const std::string_view name = word();
    if (name.empty()) return;
    if (!is_metric_name(name)) {
      fault(quoted(name) + " in a comment is no metric name");
      return;
    }
    ExpositionFamily& family = families_[family_at(name)];
    skip_blanks();
    if (rest_.empty()) return;
    if (keyword == "TYPE") {
      parse_type(family);
    } else if (family.help) {
      fault(fmt::format("second HELP for {}", name));
    } else {
      std::string help;
      if (unescape(rest_, "\\", help)) family.help = std::move(help);
    }
  }

  void parse_type(ExpositionFamily& family) {
    std::string type(rest_);
    std::ranges::transform(type, type.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (!typed_.insert(family.name).second || !family.samples.empty()) {
      fault(fmt::format("second TYPE for {}, or TYPE after its samples", family.name));
      return;
    }
    for (const MetricType known : {MetricType::kCounter, MetricType::kGauge, MetricType::kUntyped,
                                   MetricType::kHistogram, MetricType::kSummary}) {
      if (type == to_string(known)) {
        family.type = known;
        return;
      }
    }
    fault(quoted(rest_) + " is no type");
  }

  void parse_sample() {
    const std::string_view name = until("{ \t");
    if (!is_metric_name(name)) {
      fault(quoted(name) + " is no metric name");
      return;
    }
    ExpositionSample sample;
    const std::size_t at = sample_family_at(name, sample.suffix);
    skip_blanks();
    if (takes('{') && !parse_labels(sample)) return;
    const std::string_view number = word();
    const auto value = to_value(number);
    if (!value) {
      fault(quoted(number) + " is no value");
      return;
    }
    sample.value = *value;
    if (const std::string_view time = word(); !time.empty()) {
      const bool is_time = to_i64(time).has_value() && word().empty();
      fault(is_time ? "a time of its own" : "nothing expected after the value",
            is_time ? ExpositionProblem::kTimestamp : ExpositionProblem::kSyntax);
      return;
    }
    ExpositionFamily& family = families_[at];
    if (!fits(family, sample)) return;
    if (!series_.insert(series_key(family, sample)).second) {
      fault(fmt::format("{}: the same series a second time", name), ExpositionProblem::kDuplicate);
      return;
    }
    family.samples.push_back(std::move(sample));
  }

  // After the opening brace, up to and with the closing one.
  bool parse_labels(ExpositionSample& sample) {
    for (;;) {
      skip_blanks();
      if (takes('}')) return true;
      const std::string_view name = until("=, \t\"}");
      if (!is_label_name(name)) return fault(quoted(name) + " is no label name");
      skip_blanks();
      if (!takes('=')) return fault(fmt::format("= expected after label {}", name));
      skip_blanks();
      std::string value;
      if (!parse_label_value(value)) return false;
      const bool is_known = std::ranges::any_of(sample.labels, [&](const auto& label) { return label.first == name; });
      if (is_known) return fault(fmt::format("label {} a second time", name));
      if (sample.labels.size() == kMostLabels) return fault(fmt::format("over {} labels", kMostLabels));
      sample.labels.emplace_back(name, std::move(value));
      skip_blanks();
      if (!takes(',') && !rest_.starts_with('}')) return fault("comma or closing brace expected after a label");
    }
  }

  bool parse_label_value(std::string& value) {
    if (!takes('"')) return fault("opening quote expected");
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return fault("closing quote expected");
    const std::string_view inside = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return unescape(inside, "\\\"", value);
  }

  // Undoes \n, and the escaped forms of the characters in `plain`; there are no others.
  bool unescape(std::string_view text, std::string_view plain, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out += text[i];
      } else if (++i < text.size() && text[i] == 'n') {
        out += '\n';
      } else if (i < text.size() && plain.find(text[i]) != std::string_view::npos) {
        out += text[i];
      } else {
        return fault("unknown escape");
      }
    }
    return true;
  }

  // Whether the sample has what its place in a histogram or summary asks for.
  bool fits(const ExpositionFamily& family, const ExpositionSample& sample) {
    std::string_view wanted;
    if (family.type == MetricType::kHistogram && sample.suffix == "_bucket") wanted = "le";
    if (family.type == MetricType::kSummary && sample.suffix.empty()) wanted = "quantile";
    if (family.type == MetricType::kHistogram && sample.suffix.empty()) {
      return fault(fmt::format("{} is a histogram: _bucket, _sum or _count expected", family.name));
    }
    if (wanted.empty()) return true;
    const auto label =
        std::ranges::find(sample.labels, wanted, [](const auto& item) { return std::string_view(item.first); });
    if (label != sample.labels.end() && to_value(label->second)) return true;
    return fault(fmt::format("{}: label {} with a number expected", family.name, wanted));
  }

  // The family of a sample line: the one of that name, or else the histogram or summary that it belongs to.
  std::size_t sample_family_at(std::string_view name, std::string_view& suffix) {
    if (!at_.contains(std::string(name))) {
      for (std::string_view ending : std::array<std::string_view, 3>{"_bucket", "_count", "_sum"}) {
        if (!name.ends_with(ending)) continue;
        const auto whole = at_.find(std::string(name.substr(0, name.size() - ending.size())));
        if (whole == at_.end()) continue;
        const MetricType type = families_[whole->second].type;
        if (type == MetricType::kHistogram || (type == MetricType::kSummary && ending != "_bucket")) {
          suffix = ending;
          return whole->second;
        }
      }
    }
    return family_at(name);
  }

  std::size_t family_at(std::string_view name) {
    const auto [found, is_new] = at_.try_emplace(std::string(name), families_.size());
    if (is_new) families_.push_back({.name = std::string(name)});
    return found->second;
  }

  std::string_view rest_;  // of the present line
  std::size_t line_ = 0;
  std::vector<ExpositionFamily> families_;
  std::unordered_map<std::string, std::size_t> at_;  // of families_, by name
  std::unordered_set<std::string> typed_, series_;
  std::optional<ExpositionFault> fault_;
};

}  // namespace

std::expected<std::vector<ExpositionFamily>, ExpositionFault> parse_exposition(std::string_view text) {
  return Parser().parse(text);
}

std::string series_key(const ExpositionFamily& family, const ExpositionSample& sample) {
  std::vector<const std::pair<std::string, std::string>*> labels;
  for (const auto& label : sample.labels) {
    if (!label.second.empty()) labels.push_back(&label);
  }
  std::ranges::sort(labels, {}, [](const auto* label) -> const std::string& { return label->first; });
  std::string key = fmt::format("{}{}", family.name, sample.suffix);
  for (const auto* label : labels) key += fmt::format("\xff{}\xff{}", label->first, label->second);
  return key;
}

}  // namespace upkeep
