#include "real/outpost.hpp"

#include <csignal>

#include <nlohmann/json.hpp>

#include "real/warden.hpp"
#include "real/warden_line.hpp"

namespace real {

namespace fs = std::filesystem;

/// A process over there. The outpost may be gone before it.
class Outpost::Far final : public Process {
 public:
  Far(Outpost& at, std::uint64_t id, std::shared_ptr<Known> known)
      : at_(at), alive_(at.alive_), id_(id), known_(std::move(known)) {}
  ~Far() override {
    known_->wanted = false;
    kill(SIGKILL);
  }
  bool running() const override { return known_->running; }
  bool still_there() const override { return known_->running && *alive_; }
  void kill(int signal) override {
    if (still_there()) at_.say({{"kill", id_}, {"signal", signal}});
  }
  void close_input() override {
    if (still_there()) at_.say({{"close", id_}});
  }

 private:
  Outpost& at_;
  std::shared_ptr<bool> alive_;
  std::uint64_t id_;
  std::shared_ptr<Known> known_;
};

std::optional<HostFacts> parse_hello(const std::string& line) {
  const nlohmann::json hello = nlohmann::json::parse(line, nullptr, false);
  if (!hello.is_object() || !hello.contains("hello") || hello["hello"] != Warden::version)
    return {};
  const auto number = [&](const char* name) {
    const auto found = hello.find(name);
    return found != hello.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const auto text = [&](const char* name) {
    const auto found = hello.find(name);
    return found != hello.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  return HostFacts{
      .cpus = static_cast<unsigned>(std::clamp<std::int64_t>(number("cpus"), 0, 1 << 20)),
      .memory = {number("memory")},
      .unix_seconds = number("unix"),
      .folder = text("folder"),
      .binary = text("binary")};
}

Outpost::Outpost(asio::io_context& io, Options options, Handlers handlers)
    : io_(io),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      beat_(io),
      last_heard_(std::chrono::steady_clock::now()) {
  std::vector<std::string> words = options_.words;
  words.insert(words.end(), {"--patience", std::to_string(options_.patience.count()) + "ms"});
  relay_ = std::make_unique<Child>(
      io, words,
      Child::Handlers{.on_output = [this](const std::string& line) { on_line(line); },
                      .on_error = [this](const std::string& line) { last_error_ = line; },
                      .on_end =
                          [this](const std::string& how) {
                            lose(last_error_.empty() ? how : how + ": " + last_error_);
                          }});
  beat();
}

Outpost::~Outpost() {
  ask_to_end();
  *alive_ = false;
}

void Outpost::say(const Json& wish, std::string_view bytes) {
  if (!lost_) relay_->write(warden_line(wish, bytes));
}

// ---- Whether it is there -----------------------------------------------------------------------

/// Silence is counted in beats, as the gateway counts it in pings: a stage that stood still for a
/// while itself must not take that for the host's silence.
void Outpost::beat() {
  beat_.expires_after(options_.beat);
  beat_.async_wait([this, alive = alive_](boost::system::error_code cancelled) {
    if (cancelled || !*alive || lost_) return;
    ++beats_;
    if (beats_ * options_.beat > options_.patience) {
      return lose("it has not answered for " + std::to_string(options_.patience.count() / 1000) +
                  " s");
    }
    say({{"beat", beats_}});
    beat();
  });
}

void Outpost::lose(const std::string& why) {
  if (std::exchange(lost_, true)) return;
  relay_->kill(SIGKILL);
  // Later, so that nobody hears of it inside a call of his own.
  asio::post(io_, [this, alive = alive_, why] {
    if (!*alive) return;
    if (!ending_ && handlers_.on_lost) handlers_.on_lost(why);
    const auto asked = std::exchange(asked_, {});
    for (const auto& [ask, then] : asked) {
      if (*alive) then(sim::Error{options_.name + " is lost"});
    }
    const auto processes = processes_;
    for (const auto& [id, known] : processes) {
      if (*alive) ended(id, options_.name + " is lost");
    }
  });
}

void Outpost::ask_to_end() {
  if (std::exchange(ending_, true)) return;
  say({{"end", true}});
}

void Outpost::kill_relay() {
  relay_->kill(SIGKILL);
}

// ---- What it says ------------------------------------------------------------------------------

void Outpost::on_line(const std::string& line) {
  if (folder_.empty()) {
    if (const auto facts = parse_hello(line)) {
      beats_ = 0;
      folder_ = facts->folder;
      binary_ = facts->binary;
      if (handlers_.on_ready) handlers_.on_ready();
    }
    return;  // else what a login over there says to everybody
  }
  Json said;
  std::string bytes;
  if (!try_parse_warden_line(line, said, bytes)) return;
  beats_ = 0;
  const auto number = [&](const char* name) {
    const auto found = said.find(name);
    return found != said.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
  };
  const auto text = [&](const char* name) {
    const auto found = said.find(name);
    return found != said.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const auto process = [&](const char* verb) -> std::shared_ptr<Known> {
    const auto found = processes_.find(number(verb));
    return found != processes_.end() && found->second->wanted ? found->second : nullptr;
  };
  if (said.contains("out")) {
    if (const auto known = process("out")) known->handlers.on_output(text("line"));
  } else if (said.contains("err")) {
    if (const auto known = process("err")) known->handlers.on_error(text("line"));
  } else if (said.contains("ended")) {
    ended(number("ended"), text("how"));
  } else if (said.contains("done")) {
    answered(number("done"), bytes);
  } else if (said.contains("refused")) {
    answered(number("refused"), sim::Error{options_.name + ": " + text("why")});
  }
}

void Outpost::ended(std::uint64_t id, const std::string& how) {
  const auto found = processes_.find(id);
  if (found == processes_.end()) return;
  const std::shared_ptr<Known> known = found->second;
  processes_.erase(found);
  known->running = false;
  if (known->wanted) known->handlers.on_end(how);
}

void Outpost::answered(std::uint64_t ask, const sim::Result<std::string>& bytes) {
  const auto found = asked_.find(ask);
  if (found == asked_.end()) return;
  const Then then = std::move(found->second);
  asked_.erase(found);
  then(bytes);
}

// ---- What is wanted ----------------------------------------------------------------------------

std::unique_ptr<Process> Outpost::start(const std::vector<std::string>& words,
                                        Process::Handlers handlers) {
  const std::uint64_t id = next_id_++;
  const auto known = std::make_shared<Known>(Known{std::move(handlers)});
  processes_[id] = known;
  say({{"start", id}, {"words", words}});
  if (lost_) {
    asio::post(io_, [this, alive = alive_, id] {
      if (*alive) ended(id, options_.name + " is lost");
    });
  }
  return std::make_unique<Far>(*this, id, known);
}

void Outpost::note_group(const fs::path& group) {
  say({{"group", group.string()}});
}

void Outpost::remove_group(const fs::path& group) {
  say({{"ungroup", group.string()}});
}

void Outpost::remove_folder(const fs::path& folder) {
  say({{"remove", folder.lexically_relative(folder_).string()}});
}

void Outpost::write(const std::string& path, std::uint64_t at, std::string_view bytes, Then then) {
  const std::uint64_t ask = next_ask_++;
  asked_[ask] = std::move(then);
  say({{"write", path}, {"at", at}, {"ask", ask}}, bytes);
}

void Outpost::read(const std::string& path, std::uint64_t at, Then then) {
  const std::uint64_t ask = next_ask_++;
  asked_[ask] = std::move(then);
  say({{"read", path}, {"at", at}, {"ask", ask}});
}

}  // namespace real
