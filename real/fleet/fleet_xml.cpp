#include "real/fleet/fleet_xml.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <utility>

#include <boost/property_tree/xml_parser.hpp>

#include "vm/spelling.hpp"
#include "vm/toml_writer.hpp"

namespace real {
namespace {

namespace pt = boost::property_tree;

/// What the parser must not be shown, and the lines of the elements, which it does not tell.
struct Outline {
  std::vector<int> lines;    // of the elements right below the root
  std::string refused = {};  // why the parser is not asked
  int line = 1;              // where
};

/// Walks over the tags of a text, knowing no more of XML than where its comments, quotes and
/// instructions end. Up to the parser's first error both see the same.
class OutlineReader {
 public:
  explicit OutlineReader(std::string_view text) : text_(text) {}

  Outline read() {
    while (outline_.refused.empty() && go_to("<")) {
      if (rest().starts_with("!--")) {
        go_behind("-->");
      } else if (rest().starts_with("![CDATA[")) {
        go_behind("]]>");
      } else if (rest().starts_with("?")) {
        go_behind("?>");
      } else if (rest().starts_with("!")) {
        refuse("a document type has no place in a fleet file");
      } else {
        read_tag();
      }
    }
    outline_.line = line_;
    return std::move(outline_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  void refuse(const char* why) { outline_.refused = why; }

  void go(std::size_t to) {
    to = std::min(to, text_.size());
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    at_ = to;
  }

  bool go_to(std::string_view mark) {
    const std::size_t found = text_.find(mark, at_);
    go(found == std::string_view::npos ? found : found + mark.size());
    return found != std::string_view::npos;
  }
  void go_behind(std::string_view mark) { (void)go_to(mark); }

  /// Stands behind its '<'.
  void read_tag() {
    constexpr int deepest = 16;  // the parser calls itself for each
    const bool closes = rest().starts_with("/");
    if (!closes && depth_ == 1) outline_.lines.push_back(line_);
    if (!closes && ++depth_ > deepest) return refuse("elements within elements within elements");
    if (closes) --depth_;
    for (std::size_t i = at_; i < text_.size(); ++i) {
      if (text_[i] == '"' || text_[i] == '\'') {
        i = std::min(text_.find(text_[i], i + 1), text_.size());
      } else if (text_[i] == '>') {
        if (!closes && text_[i - 1] == '/') --depth_;
        return go(i + 1);
      }
    }
    go(text_.size());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1, depth_ = 0;
  Outline outline_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// "a@x.org, b@x.org" as a list of texts.
std::string list_of(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == ',' || c == ';'; }, ' ');
  std::istringstream words{text};
  std::string out = "[";
  for (std::string word; words >> word;) out += vm::toml_text(word) + ", ";
  return out + ']';
}

std::string value_of(const std::string& key, const std::string& text) {
  if (key == "mail" || key == "names") return list_of(text);
  const bool digits = !text.empty() && text.size() < 18 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (key == "port" && digits && (text.size() == 1 || text.front() != '0')) return text;
  if ((key == "plain" || key == "plain_http") && (text == "true" || text == "false")) return text;
  return vm::toml_text(text);
}

class Translator {
 public:
  explicit Translator(std::string_view name) : name_(name) {}

  vm::Loaded<TranslatedFleet> translate(const pt::ptree& document, const std::vector<int>& lines) {
    for (const auto& [root, sections] : document) {
      std::size_t elements = 0;
      for (const auto& entry : sections) elements += entry.first != "<xmlattr>";
      std::size_t number = 0;
      for (const auto& [element, tree] : sections) {
        if (element == "<xmlattr>") continue;
        // Where the two readers disagree about the elements, no line is better than a wrong one.
        line_ = lines.size() == elements ? lines[number] : 0;
        ++number;
        translate_section(element, tree);
      }
    }
    if (!issues_.empty()) return std::move(issues_);
    return std::move(done_);
  }

 private:
  void wrong(std::string message) {
    issues_.push_back({std::string{name_}, line_, 0, std::move(message)});
  }

  void emit(const std::string& line) {
    done_.toml += line + '\n';
    done_.lines.push_back(line_);
  }

  void translate_section(const std::string& element, const pt::ptree& tree) {
    constexpr std::array<std::string_view, 5> valid{"client", "fleet", "collector", "smtp",
                                                    "defaults"};
    if (std::ranges::find(valid, std::string_view{element}) == valid.end()) {
      return wrong("there is no element " + vm::in_quotes(element) +
                   vm::suggestion(element, valid));
    }
    if (element == "client") return translate_client(tree);
    if (!sections_.insert(element).second) {
      return wrong("there is an element " + vm::in_quotes(element) + " already");
    }
    emit(element + " = " + table_of(element, tree));
  }

  void translate_client(const pt::ptree& tree) {
    std::string name;
    const std::string table = table_of("client", tree, &name);
    if (name.empty()) return wrong("a client needs 'ip'");
    if (!clients_.insert(name).second) {
      return wrong("there is a client " + vm::in_quotes(name) +
                   " already; give each a 'name' of its own");
    }
    emit("host." + vm::toml_text(name) + " = " + table);
  }

  /// The values of an element as an inline table; of a client also its name.
  std::string table_of(const std::string& element, const pt::ptree& tree,
                       std::string* client = nullptr) {
    std::string out = "{ ", limits, address;
    std::set<std::string> seen;
    for (auto& [written, text] : fields_of(element, tree, &limits)) {
      const std::string key = client ? today(written) : written;
      if (!seen.insert(key).second)
        wrong("the " + element + " has " + vm::in_quotes(written) + " twice");
      if (client && key == "name") {
        *client = text;
        continue;
      }
      if (key == "address") address = text;
      out += vm::toml_text(key) + " = " + value_of(key, text) + ", ";
    }
    if (client && client->empty()) *client = address;
    if (!limits.empty()) out += "limits = { " + without_comma(limits) + " }, ";
    return without_comma(out) + " }";
  }

  static std::string without_comma(const std::string& list) {
    return list.ends_with(", ") ? list.substr(0, list.size() - 2) : list;
  }

  /// What older set-ups called it.
  static std::string today(const std::string& key) {
    if (key == "ip" || key == "host") return "address";
    return key == "username" ? "user" : key;
  }

  /// Attributes, and elements that hold a text. Alerts go into `limits`, where they may stand.
  Fields fields_of(const std::string& element, const pt::ptree& tree, std::string* limits) {
    Fields fields;
    for (const auto& [key, node] : tree) {
      if (key == "<xmlattr>") {
        for (const auto& [name, value] : node) fields.emplace_back(name, value.data());
      } else if (key == "alert" && limits != nullptr) {
        add_alert(node, *limits);
      } else if (node.empty()) {
        fields.emplace_back(key, node.data());
      } else {
        wrong("the element " + vm::in_quotes(key) + " in " + vm::in_quotes(element) +
              " has to hold a text");
      }
    }
    return fields;
  }

  void add_alert(const pt::ptree& tree, std::string& limits) {
    std::string type, limit;
    for (const auto& [key, text] : fields_of("alert", tree, nullptr)) {
      constexpr std::array<std::string_view, 2> valid{"type", "limit"};
      if (key == "type") {
        type = text;
      } else if (key == "limit") {
        limit = text;
      } else {
        wrong("unknown " + vm::in_quotes(key) + " in an alert" + vm::suggestion(key, valid));
      }
    }
    if (type.empty() || limit.empty()) return wrong("an alert needs 'type' and 'limit'");
    const std::string entry = vm::toml_text(type) + " = ";
    if (limits.find(entry) != std::string::npos)
      return wrong("two alerts of type " + vm::in_quotes(type));
    limits += entry + vm::toml_text(limit) + ", ";
  }

  std::string_view name_;
  int line_ = 0;
  TranslatedFleet done_;
  std::set<std::string> sections_, clients_;
  std::vector<vm::Issue> issues_;
};

}  // namespace

bool looks_like_xml(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '<';
}

vm::Loaded<TranslatedFleet> translate_fleet_xml(std::string_view text, std::string_view name) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const auto refused = [&](const std::string& what, int line) {
    return std::vector<vm::Issue>{{std::string{name}, line, 0, "not XML: " + what}};
  };
  const std::size_t zero = text.find('\0');  // where the parser would end, unseen
  if (zero != std::string_view::npos) return refused("a character of value zero", 0);
  const Outline outline = OutlineReader{text}.read();
  if (!outline.refused.empty()) return refused(outline.refused, outline.line);
  pt::ptree document;
  try {
    std::istringstream in{std::string{text}};
    pt::read_xml(in, document, pt::xml_parser::no_comments | pt::xml_parser::trim_whitespace);
  } catch (const pt::xml_parser_error& error) {
    return refused(error.message(), static_cast<int>(error.line()));
  }
  return Translator{name}.translate(document, outline.lines);
}

}  // namespace real
