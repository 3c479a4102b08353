#include "top_view.hpp"

#include <logrelay/util/quantity.hpp>
#include <logrelay/util/utf8.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace logrelay {
namespace {

struct character {
  char32_t code;
  std::string_view bytes;
};

// The first one of text that is UTF-8.
character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = size == 1 ? lead : lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size && i < text.size(); ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return {code, text.substr(0, size)};
}

struct range {
  char32_t first, last;
};
// What steers a terminal or turns text around, what sits on the character before it, and what takes two columns.
constexpr std::array steering{range{0, 0x1F}, range{0x7F, 0x9F}, range{0x200B, 0x200F}, range{0x2028, 0x202E}, range{0x2060, 0x206F},
                              range{0xFEFF, 0xFEFF}};
constexpr std::array combining{range{0x300, 0x36F}, range{0x1AB0, 0x1AFF}, range{0x20D0, 0x20FF}, range{0xFE00, 0xFE0F}};
constexpr std::array wide{range{0x1100, 0x115F}, range{0x2E80, 0xA4CF}, range{0xAC00, 0xD7A3}, range{0xF900, 0xFAFF},
                          range{0xFE30, 0xFE6F}, range{0xFF00, 0xFF60}, range{0x1F300, 0x1FAFF}, range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool is_in(const std::array<range, N>& all, char32_t code) {
  return std::any_of(all.begin(), all.end(), [&](const range& each) { return code >= each.first && code <= each.last; });
}

/// Safe to print, and how wide it is then.
std::pair<std::string, std::size_t> clipped(std::string_view text, std::size_t most, bool ascii) {
  std::string scratch, kept;
  std::size_t width = 0, cut_at = 0, cut_width = 0;  // where there is a column left for the ellipsis
  for (auto rest = as_utf8(text, scratch); !rest.empty();) {
    const auto next = first_of(rest);
    rest.remove_prefix(next.bytes.size());
    const bool plain = !is_in(steering, next.code) && !(ascii && next.code > 0x7E);
    const std::size_t columns = !plain ? 1 : is_in(combining, next.code) ? 0 : is_in(wide, next.code) ? 2 : 1;
    if (width + columns > most) {
      if (most == 0) return {"", 0};
      kept.resize(cut_at);
      return {kept + (ascii ? "~" : "…"), cut_width + 1};
    }
    kept += plain ? next.bytes : "?";
    width += columns;
    if (width < most) cut_at = kept.size(), cut_width = width;
  }
  return {kept, width};
}

enum class style { plain, dim, bold, good, warning, bad };

std::string_view code_of(style how) {
  constexpr std::array<std::string_view, 6> codes{"", "2", "1", "32", "33", "1;31"};
  return codes[static_cast<std::size_t>(how)];
}

enum class side { left, right };

/// A line of cells that never becomes wider than the screen.
class line {
 public:
  explicit line(const top_screen& on) : on_(on), left_(on.width) {}

  line& cell(std::string_view text, std::size_t width, side where = side::left, style how = style::plain) {
    width = std::min(width, left_);
    left_ -= width;
    const auto [shown, used] = clipped(text, width, !on_.blocks);
    const std::string space(width - std::min(used, width), ' ');
    const bool coloured = on_.colours && how != style::plain && !shown.empty();
    if (where == side::right) text_ += space;
    if (coloured) fmt::format_to(std::back_inserter(text_), "\x1b[{}m", code_of(how));
    text_ += shown;
    if (coloured) text_ += "\x1b[0m";
    if (where == side::left) text_ += space;
    return *this;
  }
  line& gap(std::size_t width) { return cell("", width); }
  line& rest(std::string_view text, style how = style::plain) { return cell(text, left_, side::left, how); }
  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] std::string text() && {
    while (text_.ends_with(' ')) text_.pop_back();
    return std::move(text_);
  }

 private:
  const top_screen& on_;
  std::size_t left_;
  std::string text_;
};

// Eighths of a character, so that a queue that fills is seen to.
std::string bar(double part, std::size_t width, bool blocks) {
  constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  part = std::clamp(part, 0.0, 1.0);
  auto filled = static_cast<std::size_t>(std::floor(part * static_cast<double>(width) * 8));
  if (filled == 0 && part > 0) filled = 1;
  std::string drawn;
  if (!blocks) {
    const std::size_t whole = (filled + 7) / 8;
    return std::string(whole, '#') + std::string(width - whole, '.');
  }
  for (std::size_t i = 0; i < filled / 8; ++i) drawn += "█";
  drawn += eighths[filled % 8];
  for (std::size_t i = (filled + 7) / 8; i < width; ++i) drawn += "·";
  return drawn;
}

/// Widths that follow from the screen's: names and bars share what the figures leave. A narrow one has no place for bytes.
struct layout {
  explicit layout(std::size_t screen) : bytes(screen < 80 - 1 ? 0 : 11) {
    const std::size_t fixed = 1 + 10 + 8 + bytes + 2 + 6 + 10 + 9;
    const std::size_t rest = screen > fixed ? screen - fixed : 0;
    bar = std::clamp<std::size_t>(rest / 3, 6, 30);
    name = std::clamp<std::size_t>(rest > bar ? rest - bar : 0, 10, 48);
  }
  std::size_t bytes, name = 0, bar = 0;
};

template <typename Row>
const Row* of_name(const std::vector<Row>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Row& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

class drawing {
 public:
  drawing(const top_frame& frame, const top_screen& on) : frame_(frame), on_(on), at_(on.width) {}

  std::vector<std::string> all() {
    title();
    lines_.emplace_back();
    heading_of_inputs();
    for (const auto& each : frame_.now->inputs) draw_input(each);
    lines_.emplace_back();
    heading_of_outputs();
    for (const auto& each : frame_.now->outputs) draw_output(each);
    if (!frame_.hint.empty() && lines_.size() + 2 <= on_.height) {
      lines_.emplace_back();
      line hint(on_);
      hint.gap(1).rest(frame_.hint, style::dim);
      add(hint);
    }
    if (lines_.size() > on_.height && on_.height > 0) {
      const auto hidden = lines_.size() - on_.height + 1;
      lines_.resize(on_.height - 1);
      line more(on_);
      more.gap(1).rest(fmt::format("{} more lines: make the window higher", hidden), style::dim);
      add(more);
    }
    return std::move(lines_);
  }

 private:
  void add(line& made) { lines_.push_back(std::move(made).text()); }

  void title() {
    const auto wrong = troubles(*frame_.now);
    const bool well = wrong.empty() && frame_.trouble.empty();
    const std::string mark = on_.blocks ? "● " : "";
    const std::string state = !frame_.trouble.empty() ? frame_.trouble : wrong.empty() ? "ok" : fmt::format("{} in trouble", wrong.size());
    line made(on_);
    made.gap(1).cell("logrelay", 8, side::left, style::bold).gap(1);
    const auto put = [&](const std::string& text, style how) {
      const auto width = clipped(text, made.left(), !on_.blocks).second;
      made.cell(text, width, side::left, how).gap(3);
    };
    put(frame_.version, style::plain);
    put("up " + short_time(frame_.now->uptime_seconds), style::plain);
    put(mark + state, well ? style::good : style::bad);
    const auto wide_enough = clipped(frame_.where, made.left(), !on_.blocks).second;
    if (made.left() > wide_enough) made.gap(made.left() - wide_enough - 1);
    made.rest(frame_.where, style::dim);
    add(made);
  }

  [[nodiscard]] double per_second(std::uint64_t before, std::uint64_t now) const {
    const double time = frame_.before != nullptr ? frame_.seconds : frame_.now->uptime_seconds;
    return time > 0 && now > before ? static_cast<double>(now - before) / time : 0;
  }

  void rates(line& made, const tally& before, const tally& now) const {
    const double lines = per_second(before.lines, now.lines), bytes = per_second(before.bytes, now.bytes);
    made.cell(lines > 0 ? short_count(lines) : "-", 8, side::right, lines > 0 ? style::plain : style::dim);
    made.cell(bytes > 0 ? readable_size(static_cast<std::uint64_t>(bytes)) : "-", at_.bytes, side::right, bytes > 0 ? style::plain : style::dim);
  }

  void heading_of_inputs() {
    line made(on_);
    made.gap(1).cell("INPUT", at_.name, side::left, style::dim).cell("LINES", 10, side::right, style::dim);
    made.cell("LINES/s", 8, side::right, style::dim).cell("BYTES/s", at_.bytes, side::right, style::dim);
    made.cell("PEERS", 8, side::right, style::dim).gap(2).rest("HELD UP BY", style::dim);
    add(made);
  }

  void draw_input(const input_report& now) {
    const auto* const was = frame_.before == nullptr ? nullptr : of_name(frame_.before->inputs, now.name);
    line made(on_);
    made.gap(1).cell(now.name, at_.name - 1).gap(1);
    made.cell(short_count(static_cast<double>(now.lines)), 10, side::right);
    rates(made, was == nullptr ? tally{} : tally{was->lines, was->bytes}, {now.lines, now.bytes});
    made.cell(now.connections > 0 ? short_count(static_cast<double>(now.connections)) : "-", 8, side::right,
              now.connections > 0 ? style::plain : style::dim);
    made.gap(2);
    if (now.failed) {
      made.rest("it has failed", style::bad);
    } else {
      const auto [text, holds] = holders(was, now);
      made.rest(text, holds ? style::warning : style::plain);
    }
    add(made);
  }

  // Who has held it longest comes first; what part of the last interval it was, if it still goes on.
  [[nodiscard]] std::pair<std::string, bool> holders(const input_report* was, const input_report& now) const {
    auto all = now.paused_by;
    std::sort(all.begin(), all.end(), [](const auto& one, const auto& other) { return one.second > other.second; });
    std::string text;
    bool holds = false;
    for (const auto& [name, seconds] : all) {
      if (seconds < 0.001) continue;
      fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : ", ", name, short_time(seconds));
      if (was == nullptr || frame_.seconds <= 0) continue;
      double before = 0;
      for (const auto& [earlier, held] : was->paused_by)
        if (earlier == name) before = held;
      const auto part = std::min(100.0, 100 * (seconds - before) / frame_.seconds);
      if (part < 1) continue;
      fmt::format_to(std::back_inserter(text), " ({:.0f} % now)", part);
      holds = true;
    }
    return {text, holds};
  }

  void heading_of_outputs() {
    line made(on_);
    made.gap(1).cell("OUTPUT", at_.name, side::left, style::dim).cell("STATE", 10, side::right, style::dim);
    made.cell("LINES/s", 8, side::right, style::dim).cell("BYTES/s", at_.bytes, side::right, style::dim);
    made.gap(2).cell("QUEUE", at_.bar + 6, side::left, style::dim);
    made.cell("OLDEST", 10, side::right, style::dim).cell("DROPPED", 9, side::right, style::dim);
    add(made);
  }

  void draw_output(const output_report& now) {
    const auto* const was = frame_.before == nullptr ? nullptr : of_name(frame_.before->outputs, now.name);
    const auto state = now.state == output_state::ok ? style::good : now.state == output_state::stalled ? style::warning : style::bad;
    const double part = now.queue_limit_bytes == 0 ? 0 : static_cast<double>(now.account.queue_bytes) / static_cast<double>(now.queue_limit_bytes);
    const auto fill = part < 0.5 ? style::good : part < 0.9 ? style::warning : style::bad;
    const auto dropped = now.account.dropped().lines;
    const bool drops = was != nullptr && dropped > was->account.dropped().lines;
    line made(on_);
    made.gap(1).cell(now.name, at_.name - 1).gap(1).cell(output_state_name(now.state), 10, side::right, state);
    rates(made, was == nullptr ? tally{} : was->account.delivered, now.account.delivered);
    made.gap(2).cell(bar(part, at_.bar, on_.blocks), at_.bar, side::left, part > 0 ? fill : style::dim);
    made.cell(fmt::format("{:.0f} %", std::min(part, 9.99) * 100), 6, side::right, part > 0 ? style::plain : style::dim);
    const double oldest = now.account.pending.lines > 0 ? now.oldest_pending_seconds : 0;
    made.cell(oldest > 0 ? short_time(oldest) : "-", 10, side::right, oldest > 0 ? style::plain : style::dim);
    made.cell(dropped > 0 ? short_count(static_cast<double>(dropped)) : "-", 9, side::right,
              drops ? style::bad : dropped > 0 ? style::warning : style::dim);
    add(made);
    draw_details(now);
  }

  void draw_details(const output_report& now) {
    std::string what;
    const auto tell = [&](const std::string& each) { what += what.empty() ? each : "; " + each; };
    const auto& account = now.account;
    if (account.pending.lines > 0 && (now.state != output_state::ok || account.spooled.lines > 0))
      tell(fmt::format("{} lines wait{}", short_count(static_cast<double>(account.pending.lines)),
                       account.spooled.lines > 0 ? fmt::format(", {} of them safe on disk", short_count(static_cast<double>(account.spooled.lines))) : ""));
    if (account.rejected.lines > 0) tell(fmt::format("{} rejected", short_count(static_cast<double>(account.rejected.lines))));
    if (!now.last_error.empty()) tell((now.state == output_state::ok ? "last error: " : "") + now.last_error);
    if (what.empty()) return;
    line made(on_);
    made.gap(1).rest((on_.blocks ? "╰ " : "  ") + what, now.state == output_state::ok ? style::dim : style::warning);
    add(made);
  }

  const top_frame& frame_;
  const top_screen& on_;
  const layout at_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> draw(const top_frame& frame, const top_screen& on) { return drawing(frame, on).all(); }

std::string short_count(double count) {
  constexpr std::string_view units = "kMGTPE";
  if (count < 10 && count != std::floor(count)) return fmt::format("{:.1f}", count);
  if (count < 9999.5) return fmt::format("{:.0f}", count);
  std::size_t unit = 0;
  for (count /= 1000; count >= 999.95 && unit + 1 < units.size(); ++unit) count /= 1000;
  return fmt::format("{:.{}f}{}", count, count < 99.95 ? 1 : 0, units[unit]);
}

std::string short_time(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(seconds, 0.0));
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  if (whole < 48 * 3600) return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
  return fmt::format("{} d {} h", whole / 86400, whole / 3600 % 24);
}

std::string fit(std::string_view text, std::size_t width, bool ascii) {
  auto [shown, used] = clipped(text, width, ascii);
  return shown + std::string(width - std::min(used, width), ' ');
}

}  // namespace logrelay
