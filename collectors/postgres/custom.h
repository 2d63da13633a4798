// Users' own questions, from upkeep.yml: read only, bounded in time and rows.
#pragma once

#include <memory>
#include <string>

#include "collectors/postgres/view.h"

namespace upkeep::postgres {

// What the server is asked: one row more than allowed tells that there are more. Only a query can stand there.
std::string custom_sql(const CustomQuery& query);

std::unique_ptr<View> make_custom_view(const CustomQuery& query, const ViewContext& context);

}  // namespace upkeep::postgres
