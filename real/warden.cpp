#include "real/warden.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>

#include "real/host.hpp"
#include "real/janitor.hpp"
#include "real/token.hpp"
#include "real/warden_line.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* lock_name = "lock";
constexpr std::size_t longest_wish = 1 << 20;
/// Between the making of a folder and of its lock nobody may take it for abandoned.
constexpr auto age_without_lock = 1min;

fs::path make_folder(const fs::path& directory) {
  fs::create_directories(directory);
  std::string name = (fs::absolute(directory) / (std::string{folder_prefix} + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw refused_by_system(name);
  return name;
}

Descriptor try_lock(const fs::path& folder, int flags) {
  const fs::path file = folder / lock_name;
  Descriptor lock{::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600)};
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) lock.close();
  return lock;
}

int duplicate(int descriptor) {
  const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw refused_by_system("descriptor " + std::to_string(descriptor));
  return copy;
}

/// `path` within `folder`, or why not.
sim::Result<fs::path> within(const fs::path& folder, const std::string& path) {
  const fs::path relative{path};
  const bool leads_out = std::ranges::any_of(relative, [](const fs::path& p) { return p == ".."; });
  if (path.empty() || relative.is_absolute() || leads_out) {
    return sim::Error{path + ": is not within the run's folder"};
  }
  return folder / relative;
}

std::string why_refused(const fs::path& file) {
  return refused_by_system(file).what();
}

/// A member of a wish, where it has the type that is needed.
template <class T>
T member(const nlohmann::json& wish, const char* name, T otherwise) {
  const auto found = wish.find(name);
  if (found == wish.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->get<T>() : otherwise;
  } else {
    return found->is_number_unsigned() ? found->get<T>() : otherwise;
  }
}

}  // namespace

std::string hello_of_this_host(const fs::path& folder) {
  std::error_code unknown;
  const nlohmann::json hello{
      {"hello", Warden::version},
      {"folder", folder.string()},
      {"binary", fs::read_symlink("/proc/self/exe", unknown).string()},
      {"cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
      {"memory", std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE)},
      {"unix", unix_now()}};
  return warden_line(hello);
}

void sweep_abandoned(const fs::path& directory) {
  std::error_code refused;
  for (const auto& entry : fs::directory_iterator(directory, refused)) {
    const fs::path& folder = entry.path();
    if (!folder.filename().string().starts_with(folder_prefix)) continue;
    if (!entry.is_directory(refused) || entry.is_symlink(refused)) continue;
    if (fs::exists(folder / lock_name, refused)) {
      const Descriptor lock = try_lock(folder, 0);
      if (lock) (void)clean_up(folder, 1s);
    } else if (fs::file_time_type::clock::now() - entry.last_write_time(refused) >
               age_without_lock) {
      (void)clean_up(folder, 1s);
    }
  }
}

Warden::Warden(asio::io_context& io, Options options)
    : io_(io),
      options_(std::move(options)),
      folder_(make_folder(options_.directory)),
      lock_(try_lock(folder_, O_CREAT)),
      input_(io, duplicate(options_.input)),
      output_(io, duplicate(options_.output)),
      silence_(io) {
  sweep_abandoned(options_.directory);
  output_.write(hello_of_this_host(folder_));
  read();
  watch_silence();
}

/// Asked to, they end in good order; those who do not, within two seconds, are killed.
Warden::~Warden() {
  for (auto& [id, child] : children_) child->close_input();
  const auto until = std::chrono::steady_clock::now() + 2s;
  const auto any_left = [this] {
    return std::ranges::any_of(children_,
                               [](const auto& entry) { return entry.second->still_there(); });
  };
  while (any_left() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  children_.clear();
  (void)clean_up(folder_, 2s);
}

void Warden::end() {
  if (std::exchange(over_, true)) return;
  boost::system::error_code ignored;
  input_.close(ignored);
  silence_.cancel();
  if (options_.stop) options_.stop();
}

// ---- Its input ---------------------------------------------------------------------------------

void Warden::read() {
  input_.async_read_some(asio::buffer(bytes_),
                         [this](boost::system::error_code error, std::size_t size) {
                           if (over_) return;
                           if (error) return end();
                           last_heard_ = std::chrono::steady_clock::now();
                           text_.append(bytes_.data(), size);
                           take_lines();
                           if (!over_) read();
                         });
}

void Warden::take_lines() {
  std::size_t begin = 0;
  for (std::size_t next; !over_ && (next = text_.find('\n', begin)) != std::string::npos;) {
    obey(text_.substr(begin, next - begin));
    begin = next + 1;
  }
  text_.erase(0, begin);
  if (text_.size() > longest_wish) end();  // that is no stage
}

void Warden::watch_silence() {
  silence_.expires_at(last_heard_ + options_.patience);
  silence_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled || over_) return;
    if (std::chrono::steady_clock::now() - last_heard_ >= options_.patience) return end();
    watch_silence();
  });
}

void Warden::say(const Json& what, std::string_view bytes) {
  output_.write(warden_line(what, bytes));
  if (!output_.open()) end();
}

void Warden::obey(const std::string& line) {
  Json wish;
  std::string bytes;
  if (!try_parse_warden_line(line, wish, bytes)) return;
  const auto child = [&](const char* verb) -> Child* {
    const auto found = children_.find(member<std::uint64_t>(wish, verb, 0));
    return found == children_.end() ? nullptr : found->second.get();
  };
  if (wish.contains("beat")) return say({{"beat", member<std::uint64_t>(wish, "beat", 0)}});
  if (wish.contains("start")) return start(wish);
  if (wish.contains("write")) return write_file(wish, bytes);
  if (wish.contains("read")) return read_file(wish);
  if (wish.contains("end")) return end();
  if (wish.contains("kill")) {
    const auto signal = member<std::uint64_t>(wish, "signal", SIGKILL);
    if (Child* const found = child("kill"); found != nullptr && signal < 65) {
      found->kill(static_cast<int>(signal));
    }
  } else if (wish.contains("close")) {
    if (Child* const found = child("close")) found->close_input();
  } else if (wish.contains("group")) {
    note_group(folder_, member<std::string>(wish, "group", ""));
  } else if (wish.contains("ungroup")) {
    remove_empty_group(member<std::string>(wish, "ungroup", ""));
  } else if (wish.contains("remove")) {
    std::error_code refused;
    const auto path = within(folder_, member<std::string>(wish, "remove", ""));
    if (path) fs::remove_all(*path, refused);
  }
}

// ---- Processes ---------------------------------------------------------------------------------

void Warden::start(const Json& wish) {
  const auto id = member<std::uint64_t>(wish, "start", 0);
  std::vector<std::string> words;
  if (const auto given = wish.find("words"); given != wish.end() && given->is_array()) {
    for (const Json& word : *given) {
      if (word.is_string()) words.push_back(word.get<std::string>());
    }
  }
  if (words.empty() || children_.contains(id)) {
    return say({{"ended", id}, {"how", "a start without words, or the second of its number"}});
  }
  try {
    children_[id] = std::make_unique<Child>(
        io_, words,
        Child::Handlers{.on_output =
                            [this, id](const std::string& line) {
                              say({{"out", id}, {"line", line}});
                            },
                        .on_error =
                            [this, id](const std::string& line) {
                              say({{"err", id}, {"line", line}});
                            },
                        .on_end =
                            [this, id](const std::string& how) {
                              say({{"ended", id}, {"how", how}});
                              asio::post(io_, [this, id] { children_.erase(id); });
                            }});
  } catch (const std::system_error& refused) {
    children_.erase(id);
    say({{"err", id}, {"line", refused.what()}});
    say({{"ended", id}, {"how", "it could not be started"}});
  }
}

// ---- Files -------------------------------------------------------------------------------------

void Warden::write_file(const Json& wish, const std::string& bytes) {
  const auto ask = member<std::uint64_t>(wish, "ask", 0);
  const auto refuse = [&](const std::string& why) { say({{"refused", ask}, {"why", why}}); };
  const auto path = within(folder_, member<std::string>(wish, "write", ""));
  if (!path) return refuse(path.error());
  std::error_code error;
  fs::create_directories(path->parent_path(), error);
  const Descriptor file{
      ::open(path->c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600)};
  if (!file) return refuse(why_refused(*path));
  const auto at = static_cast<off_t>(member<std::uint64_t>(wish, "at", 0));
  const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), at);
  if (written != static_cast<ssize_t>(bytes.size())) return refuse(why_refused(*path));
  say({{"done", ask}});
}

void Warden::read_file(const Json& wish) {
  const auto ask = member<std::uint64_t>(wish, "ask", 0);
  const auto refuse = [&](const std::string& why) { say({{"refused", ask}, {"why", why}}); };
  const auto path = within(folder_, member<std::string>(wish, "read", ""));
  if (!path) return refuse(path.error());
  const Descriptor file{::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) return refuse(why_refused(*path));
  std::string bytes(chunk, '\0');
  const auto at = static_cast<off_t>(member<std::uint64_t>(wish, "at", 0));
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), at);
  if (got < 0) return refuse(why_refused(*path));
  bytes.resize(static_cast<std::size_t>(got));
  say({{"done", ask}}, bytes);
}

}  // namespace real
