#include "real/stage.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "real/janitor.hpp"
#include "real/posix.hpp"
#include "real/spawn.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::chrono::seconds life_of_token{60};
constexpr std::string_view listening = "listening on ", http_on = "http on ";
/// A part that ends this often in ten seconds will not be well by starting it again.
constexpr std::size_t most_restarts = 20;

fs::path make_folder() {
  std::string name = (fs::temp_directory_path() / (std::string{folder_prefix} + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw refused_by_system(name);
  return name;
}

}  // namespace

Stage::Stage(asio::io_context& io, Options options, Handlers handlers)
    : io_(io),
      options_(std::move(options)),
      handlers_(std::move(handlers)),
      layout_(vm::initial_layout(options_.scenario)),
      folder_(make_folder()),
      faults_(io, options_.scenario,
              {.machines_up = [this] { return machines_up(); },
               .strike = [this](const FaultPlan::Stroke& stroke) { strike(stroke); },
               .heal = [this](const FaultPlan::Stroke& stroke) { heal(stroke); },
               .tell = handlers_.on_fault}) {
  tokens_.emplace(create_key_file(folder_ / "key"));
  moments_ = static_cast<bool>(options_.on_reached) ||
             std::ranges::any_of(options_.scenario.faults,
                                 [](const vm::Fault& fault) { return fault.during.has_value(); });
}

Stage::~Stage() {
  close();
  *alive_ = false;
  (void)clean_up(folder_, 1s);
}

void Stage::close() {
  if (std::exchange(closing_, true)) return;
  if (link_) link_->close();
  std::vector<Process*> ours;  // those on other hosts their wardens end
  for (auto& [id, machine] : machines_) {
    if (!posts_[machine.up.host].outpost) ours.push_back(machine.process.get());
  }
  for (Post& post : posts_) {
    if (post.outpost) post.outpost->ask_to_end();
    if (!post.outpost) ours.push_back(post.agent.get());
  }
  ours.push_back(gateway_.get());
  std::erase(ours, nullptr);
  for (Process* process : ours) process->close_input();
  const auto now = std::chrono::steady_clock::now();
  const auto wait = [](auto until, const auto& any_left) {  // nothing else is left to do
    while (any_left() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  };
  wait(now + 2s, [&] { return std::ranges::any_of(ours, &Process::still_there); });
  wait(now + 5s, [&] {
    return std::ranges::any_of(posts_,
                               [](const Post& p) { return p.outpost && p.outpost->still_there(); });
  });
  gateway_.reset();
  for (Post& post : posts_) post.agent.reset();
  for (auto& [id, machine] : machines_) {
    machine.process.reset();
    remove_cgroup(machine);
  }
  posts_.clear();
}

std::string Stage::token(Role role) const {
  return tokens_->issue(to_string(role), to_string(role), unix_now(), life_of_token);
}

void Stage::later(std::chrono::milliseconds delay, std::function<void()> what) {
  const auto timer = std::make_shared<asio::steady_timer>(io_, delay);
  timer->async_wait([timer, alive = alive_, what = std::move(what)](boost::system::error_code) {
    if (*alive) what();
  });
}

void Stage::fail(std::string why) {
  if (closing_ || std::exchange(failed_, true)) return;
  handlers_.on_failure(std::move(why));
}

// ---- Processes ---------------------------------------------------------------------------------

void Stage::start() {
  janitor_ =
      std::make_unique<Child>(io_, std::vector<std::string>{options_.binary, "janitor", folder_},
                              Child::Handlers{}, Child::Fate::its_own);
  open_posts();
  start_gateway();
}

void Stage::start_gateway() {
  const auto& real = options_.scenario.real;
  const std::string any = (options_.places.empty() ? "127.0.0.1" : real->listen) + ":0";
  const std::string address = gateway_address_.empty() ? any : gateway_address_;
  std::vector<std::string> words{
      options_.binary, "gateway",        "--scenario",    options_.scenario_file,
      "--journal",     options_.journal, "--listen",      address,
      "--key-file",    folder_ / "key",  "--follow-stdin"};
  if (!options_.http.empty()) {
    words.insert(words.end(), {"--http", options_.http, "--users", options_.users});
    words.insert(words.end(), options_.http_words.begin(), options_.http_words.end());
  }
  gateway_ = std::make_unique<Child>(
      io_, std::move(words),
      Child::Handlers{.on_output = [this](const std::string& line) { on_gateway_line(line); },
                      .on_error = [this](const std::string& line) { gateway_error_ = line; },
                      .on_end = [this](const std::string& how) { on_gateway_end(how); }});
}

void Stage::on_gateway_line(const std::string& line) {
  if (line.starts_with(http_on)) {
    options_.http = line.substr(http_on.size());  // where it will be when it is started again
    if (!ready_) handlers_.report(line);
    return;
  }
  if (!line.starts_with(listening)) return;
  const bool first = gateway_address_.empty();
  gateway_address_ = line.substr(listening.size());
  unanswered_ = 0;
  if (first) spawn(io_, "watch over gateway and agents", watch(alive_));
  for (std::uint32_t i = 0; first && !machines_.empty() && i < posts_.size(); ++i) start_agent(i);
  if (!std::exchange(connecting_, true)) spawn(io_, "stage's link", connect(alive_));
}

void Stage::on_gateway_end(const std::string& how) {
  if (closing_) return;
  const std::string why = gateway_error_.empty() ? how : how + ": " + gateway_error_;
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(restarts_, [&](auto at) { return at < now - 10s; });
  restarts_.push_back(now);
  if (!ready_ || restarts_.size() > most_restarts) return fail("the gateway ended, " + why);
  handlers_.report("gateway ended (" + why + "), started again");
  later(1ms, [this] {  // not inside the handler of the child that this replaces
    if (!closing_) start_gateway();
  });
}

void Stage::start_agent(std::uint32_t number) {
  const auto interval =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.scenario.sla.sample);
  Host& host = *posts_[number].host;
  posts_[number].agent = host.start(
      {host.binary(), "agent", "--gateway", gateway_address_, "--key-file", host.folder() / "key",
       "--interval", std::to_string(std::max<long>(100, interval.count())) + "ms", "--number",
       std::to_string(number), "--follow-stdin"},
      {.on_end = [this, number](const std::string& how) {
        if (closing_ || posts_[number].lost) return;
        const std::string where =
            options_.places.empty() ? "" : " on " + posts_[number].host->name();
        handlers_.report("agent" + where + " ended (" + how + "), started again");
        later(200ms, [this, number] {
          if (!closing_ && !posts_[number].lost) start_agent(number);
        });
      }});
}

void Stage::kill_gateway() {
  if (gateway_) gateway_->kill(SIGKILL);
}

void Stage::kill_agent() {
  if (!posts_.empty() && posts_[0].agent) posts_[0].agent->kill(SIGKILL);
}

}  // namespace real
