// The functions that the cost law is tested on. Each takes a whole input, as a client or a guest sends it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace cost_law {

/// What is made ready before it is measured; running it does what the daemon does with the input.
using Prepared = std::function<void()>;
/// `objects` is how many instances a query looks through.
using Subject = std::function<Prepared(std::string input, std::size_t objects)>;

Prepared wsman(std::string body, std::size_t objects);  ///< a request to the WS-Management server
Prepared cimxml_server(std::string body, std::size_t objects);
Prepared http_whole(std::string bytes, std::size_t);  ///< a request that comes at once
Prepared http_bytes(std::string bytes, std::size_t);  ///< a request that comes byte by byte
Prepared xml(std::string text, std::size_t);
Prepared object_path(std::string text, std::size_t);  ///< read, written, compared
Prepared wql(std::string text, std::size_t);          ///< the parser alone
Prepared times(std::string text, std::size_t);
Prepared agent(std::string answer, std::size_t);  ///< an answer of qemu-guest-agent, to every command
Prepared service_managers(std::string output, std::size_t);
Prepared files(std::string output, std::size_t);
Prepared key_values(std::string text, std::size_t);

}  // namespace cost_law
