#include "hypervisor/libvirt/stream_port.hpp"

#include "base/caught_error.hpp"
#include "base/thread.hpp"
#include "base/waiting.hpp"
#include "hypervisor/libvirt/record.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

using guest::Clock;

/// Bytes that wait in each direction: just enough to keep the guest busy while a thread here sleeps.
constexpr std::size_t most_waiting = 1U << 20;
constexpr std::size_t read_at_once = 256U << 10;

struct StreamRelease {
  void operator()(virStreamPtr stream) const { virStreamFree(stream); }
};
using StreamHandle = std::unique_ptr<virStream, StreamRelease>;

/// What the port, its thread and libvirt's event callback share; it ends with the last of them.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(ConnectionHandle connection, StreamHandle stream, std::string name)
      : connection_(std::move(connection)), stream_(std::move(stream)), name_(std::move(name)) {}

  Status start() {
    auto* opaque = new std::shared_ptr<Channel>(shared_from_this());
    const auto release = [](void* held) { delete static_cast<std::shared_ptr<Channel>*>(held); };
    if (virStreamEventAddCallback(stream_.get(), VIR_STREAM_EVENT_READABLE, on_event, opaque, release) < 0) {
      release(opaque);
      return last_error_of(fmt::format("the data port {} cannot be watched", name_));
    }
    const Status started =
        start_thread("guest-port", [self = shared_from_this()] { self->pump(); }, {.use = ThreadUse::conversation});
    if (started) return {};
    virStreamEventRemoveCallback(stream_.get());
    return error(Failure::busy,
                 fmt::format("no thread can be started for the data port {}: {}", name_, started.error().message));
  }

  Status write(std::string_view bytes, Clock::time_point deadline) {
    while (!bytes.empty()) {
      std::unique_lock lock(mutex_);
      const bool room = changed_.wait_until(lock, deadline, [this] { return over() || waiting_out_ < most_waiting; });
      if (over()) return why();
      if (!room) return error(Failure::timed_out, fmt::format("the guest does not read from the data port {}", name_));
      const std::string_view part = bytes.substr(0, most_waiting);
      outgoing_.emplace_back(part);
      waiting_out_ += part.size();
      bytes.remove_prefix(part.size());
      changed_.notify_all();
    }
    return {};
  }

  Result<std::string> read(std::size_t most, Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return over() || !incoming_.empty(); });
    if (incoming_.empty() && over()) return why();
    if (incoming_.empty()) return error(Failure::timed_out, fmt::format("nothing came from the data port {}", name_));
    std::string result;
    if (incoming_.size() <= most) {
      result.swap(incoming_);
    } else {
      result = incoming_.substr(0, most);
      incoming_.erase(0, most);
    }
    changed_.notify_all();
    return result;
  }

  /// Allocates nothing: destructors call it.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  // Events tell a level: what was told is not asked for again until a call has found nothing to do.
  static void on_event(virStreamPtr, int events, void* opaque) {
    const std::shared_ptr<Channel> self = *static_cast<std::shared_ptr<Channel>*>(opaque);
    constexpr int ended_events = VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP;
    const std::lock_guard lock(self->mutex_);
    if ((events & (VIR_STREAM_EVENT_READABLE | ended_events)) != 0) self->readable_ = true;
    if ((events & (VIR_STREAM_EVENT_WRITABLE | ended_events)) != 0) self->writable_ = true;
    self->changed_.notify_all();
    self->ask_for_events();
  }

  // Under our lock, so that our last request is the last that libvirt gets; it calls back without holding its own.
  void ask_for_events() {
    int events = 0;
    if (!readable_) events |= VIR_STREAM_EVENT_READABLE;
    if (!writable_) events |= VIR_STREAM_EVENT_WRITABLE;
    virStreamEventUpdateCallback(stream_.get(), events);
  }

  // Under the lock.
  bool over() const { return closed_ || ended_; }
  Error why() const {
    return ended_ ? *ended_ : error(Failure::unreachable, fmt::format("the data port {} is closed", name_));
  }

  void pump() {
    try {
      move_bytes();
    } catch (const std::exception&) {
      const std::lock_guard lock(mutex_);
      ended_ = caught_error();
      changed_.notify_all();
    }
    virStreamEventRemoveCallback(stream_.get());
    virStreamAbort(stream_.get());
  }

  void move_bytes() {
    Lock lock(mutex_);
    while (!over()) {
      if (writable_ && !outgoing_.empty()) {
        send(lock);
      } else if (readable_ && incoming_.size() < most_waiting) {
        receive(lock);
      } else {
        changed_.wait(lock);
      }
    }
  }

  void send(Lock& lock) {
    std::string& front = outgoing_.front();  // others only add behind it
    lock.unlock();
    const int sent = virStreamSend(stream_.get(), front.data() + sent_of_front_, front.size() - sent_of_front_);
    lock.lock();
    if (sent == -2) {
      writable_ = false;
      ask_for_events();
    } else if (sent < 0) {
      ended_ = gone("is gone");
    } else {
      sent_of_front_ += static_cast<std::size_t>(sent);
      waiting_out_ -= static_cast<std::size_t>(sent);
      if (sent_of_front_ == front.size()) {
        outgoing_.pop_front();
        sent_of_front_ = 0;
      }
    }
    changed_.notify_all();
  }

  void receive(Lock& lock) {
    lock.unlock();
    if (buffer_.empty()) buffer_.resize(read_at_once);
    const int received = virStreamRecv(stream_.get(), buffer_.data(), buffer_.size());
    lock.lock();
    if (received == -2) {
      readable_ = false;
      ask_for_events();
    } else if (received <= 0) {
      ended_ = gone(received < 0 ? "is gone" : "was unplugged or its virtual machine stopped");
    } else {
      incoming_.append(buffer_.data(), static_cast<std::size_t>(received));
    }
    changed_.notify_all();
  }

  Error gone(std::string_view how) const {
    return error(Failure::unreachable, fmt::format("the data port {} {}", name_, how));
  }

  const ConnectionHandle connection_;  // outlives the stream
  const StreamHandle stream_;
  const std::string name_;

  std::mutex mutex_;
  Condition changed_;
  bool readable_ = true;
  bool writable_ = true;
  std::deque<std::string> outgoing_;
  std::size_t sent_of_front_ = 0;
  std::size_t waiting_out_ = 0;
  std::string incoming_;
  std::string buffer_;          // of the pump alone
  bool closed_ = false;         // by its owner
  std::optional<Error> ended_;  // by itself
};

class StreamPort : public guest::Port {
 public:
  StreamPort(std::shared_ptr<Channel> channel, std::string name)
      : channel_(std::move(channel)), name_(std::move(name)) {}

  ~StreamPort() override {
    close();
    if (unplug_) unplug_();
  }

  void unplug_at_end(std::function<void()> unplug) { unplug_ = std::move(unplug); }

  const std::string& name() const override { return name_; }
  Status write(std::string_view bytes, Clock::time_point deadline) override { return channel_->write(bytes, deadline); }
  Result<std::string> read(std::size_t most, Clock::time_point deadline) override {
    return channel_->read(most, deadline);
  }
  void close() override { channel_->close(); }

 private:
  const std::shared_ptr<Channel> channel_;
  const std::string name_;
  std::function<void()> unplug_;
};

}  // namespace

Result<std::unique_ptr<guest::Port>> open_stream_port(const ConnectionHandle& connection, const std::string& machine_id,
                                                      const std::string& name, std::function<void()> unplug) {
  auto domain = look_up(connection.get(), machine_id);
  if (!domain) return domain.error();
  StreamHandle stream(virStreamNew(connection.get(), VIR_STREAM_NONBLOCK));
  if (!stream || virDomainOpenChannel(domain->get(), name.c_str(), stream.get(), 0) < 0)
    return last_error_of(fmt::format("the data port {} cannot be opened", name));
  const auto channel = std::make_shared<Channel>(connection, std::move(stream), name);
  auto port = std::make_unique<StreamPort>(channel, name);
  if (const Status started = channel->start(); !started) return started.error();
  port->unplug_at_end(std::move(unplug));
  return std::unique_ptr<guest::Port>(std::move(port));
}

}  // namespace vmms::hypervisor::libvirt
