// Listening sockets, of TCP and local ones, as one type.
#pragma once

#include "base/result.hpp"
#include "wire/http/connection.hpp"
#include "wire/http/io_thread.hpp"
#include "wire/http/listener.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

namespace vmms::wire::http {

using Protocol = boost::asio::generic::stream_protocol;
using Socket = boost::asio::basic_stream_socket<Protocol, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<Protocol, Executor>;

/// Binds and listens. A port that the kernel chose is set in `listener`. The file of a local socket that no process
/// serves any more is replaced. Errors: already_exists when another process serves it, failed.
Status open(Acceptor& acceptor, Listener& listener);

/// Removes the file of a local socket that open() made.
void remove_socket_file(const Listener& listener);

/// The client on the other end, as far as the kernel knows.
Connection::Peer peer_of(Socket& socket, bool encrypted);

}  // namespace vmms::wire::http
