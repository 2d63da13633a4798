// What the engine alone knows of a container: whether it runs, how healthy it is, how often it died. Stopped ones too.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/containers/engine.h"
#include "collectors/containers/families.h"

namespace upkeep::containers {

// The label `id` of a container; valid until the next call.
using IdOf = std::function<std::string_view(const Container&)>;

// One thread at a time.
class StateFamilies {
 public:
  // `keys`: of container labels that become labels of the series.
  explicit StateFamilies(std::span<const std::string> keys);

  // The engine itself, and every container of the view that `keeps` takes (all, without it).
  void publish(const EngineView& view, const IdOf& id_of, SampleSink& out,
               const std::function<bool(const Container&)>& keeps = nullptr) const;

  // Every family, those of containers with their own labels alone.
  static std::span<const MetricDesc> metrics();

 private:
  const std::vector<std::string> keys_;
  const ContainerFamilies families_;
};

}  // namespace upkeep::containers
