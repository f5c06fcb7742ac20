#include "real/scratch.hpp"

#include <algorithm>

#include <fcntl.h>

namespace real {

Scratch::Scratch(asio::io_context& io, const std::filesystem::path& directory, Done done)
    : io_(io),
      done_(std::move(done)),
      self_(std::make_shared<Scratch*>(this)),
      noise_(std::size_t{1} << 20, 'x') {
  const std::string path = directory / "scratch";
  file_ = Descriptor{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!file_) throw refused_by_system(path);
  thread_ = std::thread{[this] { work(); }};
}

Scratch::~Scratch() {
  *self_ = nullptr;
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Scratch::write(std::uint32_t step, double bytes) {
  auto wanted = std::make_shared<std::atomic<bool>>(true);
  awaited_[step] = wanted;
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back({step, static_cast<std::int64_t>(bytes), std::move(wanted)});
  }
  changed_.notify_one();
}

void Scratch::cancel(std::uint32_t step) {
  const auto found = awaited_.find(step);
  if (found == awaited_.end()) return;
  *found->second = false;
  awaited_.erase(found);
}

void Scratch::work() {
  while (true) {
    std::vector<Request> taken;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
      if (ending_) return;
      std::swap(taken, waiting_);
    }
    for (const Request& request : taken) write_out(request);
    asio::post(io_, [self = self_, taken = std::move(taken)] {
      if (*self != nullptr) (*self)->tell(taken);
    });
  }
}

void Scratch::write_out(const Request& request) {
  for (std::int64_t bytes = request.bytes; bytes > 0 && *request.wanted && !ending_;) {
    if (at_ >= size_limit) at_ = 0;
    const auto piece =
        std::min({bytes, static_cast<std::int64_t>(noise_.size()), size_limit - at_});
    const ssize_t written =
        ::pwrite(file_.get(), noise_.data(), static_cast<std::size_t>(piece), at_);
    if (written <= 0) return;
    at_ += written;
    bytes -= written;
  }
}

void Scratch::tell(const std::vector<Request>& written) {
  const auto self = self_;
  for (const Request& request : written) {
    const auto found = awaited_.find(request.step);
    if (found == awaited_.end() || found->second != request.wanted) continue;
    awaited_.erase(found);
    done_(request.step);
    if (*self == nullptr) return;
  }
}

}  // namespace real
