// From what is known to samples.
#pragma once

#include "collectors/certificates/certbot.h"
#include "collectors/certificates/differences.h"
#include "collectors/certificates/endpoints.h"
#include "collectors/certificates/files.h"
#include "exporter/sample_sink.h"

namespace upkeep::certificates {

// How often each reason was seen of a source, over the life of the program.
using ErrorCounts = std::map<std::pair<std::string, Reason>, double>;

void publish_files(const Files& files, const ErrorCounts& errors, double now, SampleSink& out);
void publish_endpoints(const Endpoints& endpoints, const Files& files, const DifferenceRecord& differences,
                       SampleSink& out);
void publish_certbot(const CertbotState& state, const CertbotOptions& options, SampleSink& out);

}  // namespace upkeep::certificates
