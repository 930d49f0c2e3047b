// Requests of a hostile client, in pieces. The first byte says how large the pieces are.
#include "wire/http/request_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::wire::http;
  if (size == 0) return 0;
  const std::size_t piece = data[0] + 1U;
  ++data;
  --size;
  const Limits limits{.header_bytes = 512, .header_fields = 8, .body_bytes = 256};
  Request request;
  RequestParser parser(request, limits);
  std::size_t begin = 0;
  for (std::size_t end = piece; begin < size; end += piece) {
    end = end < size ? end : size;
    std::size_t used = 0;
    const auto progress = parser.put(boost::asio::buffer(data + begin, end - begin), used);
    if (used > end - begin || request.body.size() > limits.body_bytes ||
        request.headers.size() > limits.header_fields) {
      std::abort();
    }
    begin += used;
    if (progress == RequestParser::Progress::failed && parser.status() < 400) std::abort();
    if (progress != RequestParser::Progress::need_more || end == size) break;
  }
  return 0;
}
