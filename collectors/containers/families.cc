#include "collectors/containers/families.h"

#include <algorithm>

namespace upkeep::containers {

std::string label_of_key(std::string_view key) {
  std::string name = "container_label_";
  for (const char c : key) name += naming::is_letter(c) || naming::is_digit(c) ? c : '_';
  return name;
}

ContainerFamilies::ContainerFamilies(std::span<const MetricDesc> fixed, std::span<const std::string> keys) {
  std::vector<std::string_view> common = {"id", "name", "image"};
  for (const std::string& key : keys.first(std::min(keys.size(), kLabelKeysAtMost)))
    common.push_back(label_names_.emplace_back(label_of_key(key)));
  for (const MetricDesc& family : fixed) {
    MetricDesc& copy = families_.emplace_back(family);
    const auto own = std::ranges::copy(common, copy.labels.begin()).out;
    const auto end = std::ranges::copy(family.label_names(), own).out;
    copy.label_count = static_cast<std::size_t>(end - copy.labels.begin());
    copy.front_labels = common.size();
  }
}

ContainerLabels::ContainerLabels(std::string_view id, const Container& container, std::span<const std::string> keys) {
  for (const std::string_view value : {id, std::string_view(container.name), std::string_view(container.image)})
    values[count++] = value;
  for (const std::string& key : keys.first(std::min(keys.size(), kLabelKeysAtMost))) {
    const auto found = container.labels.find(key);
    values[count++] = found == container.labels.end() ? std::string_view() : std::string_view(found->second);
  }
}

ContainerLabels::ContainerLabels(std::span<const std::string> texts) {
  for (const std::string& text : texts.first(std::min(texts.size(), values.size()))) values[count++] = text;
}

}  // namespace upkeep::containers
