// What a sample costs on its way to the page: predicted, published and written, against prometheus-cpp's own way.
#include <benchmark/benchmark.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <string>
#include <vector>

#include "exporter/exposition.h"
#include "exporter/sample_sink.h"

namespace {

constexpr upkeep::MetricDesc kBytes =
    upkeep::counter("upkeep_bench_bytes_total", "Bytes.", {"device", "direction", "interface_kind", "zone"});

struct Row {
  std::string device, direction, kind, zone;
  double value;
};

// Four labels, some 115 bytes a sample, integers and fractions in turn.
std::vector<Row> rows(std::int64_t count) {
  std::vector<Row> all;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(i * 7919);
    all.push_back({"interface" + std::to_string(i), i % 2 == 0 ? "receive" : "transmit", "physical", "eu-west-1a",
                   i % 3 == 0 ? value + 0.123 : value});
  }
  return all;
}

void BM_Upkeep(benchmark::State& state) {
  auto samples = rows(state.range(0));
  upkeep::SampleSink sink(1'000'000);
  upkeep::Samples published;
  upkeep::Exposition exposition;
  std::vector<upkeep::PageEntry> entries;
  std::string page;
  for (auto _ : state) {
    sink.begin();
    for (Row& row : samples) {
      row.value += 1;
      sink.add(kBytes, row.value, {row.device, row.direction, row.kind, row.zone});
    }
    sink.publish(published);
    const upkeep::Exposition::Part parts[] = {{&published, &sink}};
    entries.clear();
    exposition.arrange(parts, entries);
    upkeep::write_entries(entries, page);
    benchmark::DoNotOptimize(page.data());
  }
  state.counters["ns_per_sample"] =
      benchmark::Counter(static_cast<double>(state.range(0)) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Upkeep)->Arg(1'000)->Arg(10'000);

void BM_PrometheusCpp(benchmark::State& state) {
  auto samples = rows(state.range(0));
  prometheus::Registry registry;
  auto& family = prometheus::BuildGauge().Name("upkeep_bench_bytes").Help("Bytes.").Register(registry);
  std::vector<prometheus::Gauge*> gauges;
  for (const Row& row : samples) {
    gauges.push_back(&family.Add(
        {{"device", row.device}, {"direction", row.direction}, {"interface_kind", row.kind}, {"zone", row.zone}}));
  }
  const prometheus::TextSerializer serializer;
  for (auto _ : state) {
    for (std::size_t i = 0; i < gauges.size(); ++i) gauges[i]->Set(samples[i].value += 1);
    const std::string page = serializer.Serialize(registry.Collect());
    benchmark::DoNotOptimize(page.data());
  }
  state.counters["ns_per_sample"] =
      benchmark::Counter(static_cast<double>(state.range(0)) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_PrometheusCpp)->Arg(1'000)->Arg(10'000);

void BM_Gzip(benchmark::State& state) {
  auto samples = rows(state.range(0));
  upkeep::SampleSink sink(1'000'000);
  upkeep::Samples published;
  sink.begin();
  for (const Row& row : samples) sink.add(kBytes, row.value, {row.device, row.direction, row.kind, row.zone});
  sink.publish(published);
  const std::string page = text_of(published);
  upkeep::Gzip gzip;
  std::string out;
  for (auto _ : state) {
    gzip.compress(page, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["ns_per_sample"] =
      benchmark::Counter(static_cast<double>(state.range(0)) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Gzip)->Arg(1'000)->Arg(10'000);

}  // namespace
