#include "collectors/json/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace upkeep::json {
namespace {

// What nlohmann's parser calls. False ends it.
class Walk {
 public:
  using Json = nlohmann::json;
  Walk(Shape shape, const OnValue& on_value, const OnEnd& on_end)
      : shape_(shape), on_value_(on_value), on_end_(on_end) {}

  bool null() { return expect_inside(); }
  bool boolean(bool value) { return give({.number = value ? 1.0 : 0.0}); }
  bool number_integer(Json::number_integer_t value) { return give({.number = static_cast<double>(value)}); }
  bool number_unsigned(Json::number_unsigned_t value) { return give({.number = static_cast<double>(value)}); }
  bool number_float(Json::number_float_t value, const std::string&) { return give({.number = value}); }
  bool string(const std::string& value) { return give({.text = value, .is_text = true}); }
  bool binary(const Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return enter(Shape::kObject, ""); }
  bool key(const std::string& key) {
    path_.set_last(key);
    return true;
  }
  bool end_object() {
    path_.leave();
    if (on_end_) on_end_(path_);
    return true;
  }
  bool start_array(std::size_t) { return enter(Shape::kArray, "*"); }
  bool end_array() {
    path_.leave();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return refuse(fmt::format("not JSON at byte {}", position));
  }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  bool give(const Value& value) {
    if (!expect_inside()) return false;
    on_value_(path_, value);
    return true;
  }
  bool expect_inside() { return path_.depth() > 0 || refuse_shape(); }
  bool enter(Shape shape, std::string_view key) {
    if (path_.depth() == 0 && shape != shape_) return refuse_shape();
    return path_.enter(key) || refuse(fmt::format("more than {} levels", Path::kDepth));
  }
  bool refuse_shape() { return refuse(shape_ == Shape::kArray ? "an array expected" : "an object expected"); }
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  const Shape shape_;
  const OnValue& on_value_;
  const OnEnd& on_end_;
  Path path_;
  std::string why_;
};

}  // namespace

Result<> walk(std::string_view text, Shape shape, const OnValue& on_value, const OnEnd& on_end) {
  Walk walk(shape, on_value, on_end);
  try {
    if (nlohmann::json::sax_parse(text.begin(), text.end(), &walk)) return {};
    return fail(ErrorCode::kParse, walk.why());
  } catch (const std::exception& error) {
    return fail(ErrorCode::kParse, error.what());
  }
}

}  // namespace upkeep::json
