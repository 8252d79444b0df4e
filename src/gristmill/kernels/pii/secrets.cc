// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/pii/secrets.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace gristmill::kernels::pii {
namespace {

/// Characters of a token behind its prefix.
enum class Alphabet { upper, hex, alphanumeric, base64url, path };

bool is_of(Alphabet alphabet, char c) noexcept {
  switch (alphabet) {
    case Alphabet::upper: return is_upper(c) || is_digit(c);
    case Alphabet::hex: return is_digit(c) || (c >= 'a' && c <= 'f');
    case Alphabet::alphanumeric: return is_alphanumeric(c);
    case Alphabet::base64url: return is_alphanumeric(c) || c == '_' || c == '-';
    case Alphabet::path: return is_alphanumeric(c) || c == '/';
  }
  return false;
}

/// Tokens of one issuer: prefix, then so many characters of an alphabet.
struct Prefix {
  Kind kind;
  std::string_view text;
  Alphabet alphabet;
  std::size_t shortest;
  std::size_t longest;
};

constexpr std::size_t unbounded = 512;
/// As the issuers' documentation of their formats has them; longer prefixes first where one begins another.
constexpr std::array prefixes{
    Prefix{kind_named("aws_access_key"), "AKIA", Alphabet::upper, 16, 16},
    Prefix{kind_named("aws_access_key"), "ASIA", Alphabet::upper, 16, 16},
    Prefix{kind_named("github_token"), "ghp_", Alphabet::alphanumeric, 36, 255},
    Prefix{kind_named("github_token"), "gho_", Alphabet::alphanumeric, 36, 255},
    Prefix{kind_named("github_token"), "ghu_", Alphabet::alphanumeric, 36, 255},
    Prefix{kind_named("github_token"), "ghs_", Alphabet::alphanumeric, 36, 255},
    Prefix{kind_named("github_token"), "ghr_", Alphabet::alphanumeric, 36, 255},
    Prefix{kind_named("github_token"), "github_pat_", Alphabet::base64url, 50, 255},
    Prefix{kind_named("gitlab_token"), "glpat-", Alphabet::base64url, 20, 64},
    Prefix{kind_named("slack_token"), "xoxb-", Alphabet::base64url, 20, 255},
    Prefix{kind_named("slack_token"), "xoxp-", Alphabet::base64url, 20, 255},
    Prefix{kind_named("slack_token"), "xoxa-", Alphabet::base64url, 20, 255},
    Prefix{kind_named("slack_token"), "xoxr-", Alphabet::base64url, 20, 255},
    Prefix{kind_named("slack_token"), "xoxs-", Alphabet::base64url, 20, 255},
    Prefix{kind_named("slack_token"), "xapp-", Alphabet::base64url, 20, 255},
    Prefix{kind_named("slack_token"), "hooks.slack.com/services/", Alphabet::path, 30, 100},
    Prefix{kind_named("stripe_key"), "sk_live_", Alphabet::alphanumeric, 16, 255},
    Prefix{kind_named("stripe_key"), "sk_test_", Alphabet::alphanumeric, 16, 255},
    Prefix{kind_named("stripe_key"), "rk_live_", Alphabet::alphanumeric, 16, 255},
    Prefix{kind_named("stripe_key"), "rk_test_", Alphabet::alphanumeric, 16, 255},
    Prefix{kind_named("stripe_key"), "whsec_", Alphabet::alphanumeric, 24, 255},
    Prefix{kind_named("google_api_key"), "AIza", Alphabet::base64url, 35, 35},
    Prefix{kind_named("google_api_key"), "GOCSPX-", Alphabet::base64url, 28, 28},
    Prefix{kind_named("google_api_key"), "ya29.", Alphabet::base64url, 40, unbounded},
    Prefix{kind_named("anthropic_key"), "sk-ant-", Alphabet::base64url, 32, 255},
    Prefix{kind_named("openai_key"), "sk-", Alphabet::base64url, 32, 255},
    Prefix{kind_named("huggingface_token"), "hf_", Alphabet::alphanumeric, 34, 40},
    Prefix{kind_named("npm_token"), "npm_", Alphabet::alphanumeric, 36, 36},
    Prefix{kind_named("pypi_token"), "pypi-", Alphabet::base64url, 50, unbounded},
    Prefix{kind_named("shopify_token"), "shpat_", Alphabet::hex, 32, 32},
    Prefix{kind_named("shopify_token"), "shpca_", Alphabet::hex, 32, 32},
    Prefix{kind_named("shopify_token"), "shppa_", Alphabet::hex, 32, 32},
    Prefix{kind_named("shopify_token"), "shpss_", Alphabet::hex, 32, 32},
    Prefix{kind_named("digitalocean_token"), "dop_v1_", Alphabet::hex, 64, 64},
};

std::size_t run_end(std::string_view text, std::size_t begin, Alphabet alphabet, std::size_t longest) noexcept {
  std::size_t end = begin;
  while (end - begin <= longest && end < text.size() && is_of(alphabet, text[end])) ++end;
  return end;
}

/// Which sorts of characters occur.
struct Mixture {
  bool has_digit = false;
  bool has_upper = false;
  bool has_lower = false;
  bool has_other = false;
};

Mixture mixture_of(std::string_view text) noexcept {
  Mixture mixture;
  for (const char c : text) {
    mixture.has_digit |= is_digit(c);
    mixture.has_upper |= is_upper(c);
    mixture.has_lower |= is_letter(c) && !is_upper(c);
    mixture.has_other |= !is_alphanumeric(c);
  }
  return mixture;
}

/// Shannon entropy of the bytes, bits a byte.
double entropy_of(std::string_view text) noexcept {
  std::array<std::uint16_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double entropy = 0;
  const auto size = static_cast<double>(text.size());
  for (const auto count : counts) {
    if (count > 0) entropy -= count / size * std::log2(count / size);
  }
  return entropy;
}

bool starts_alone(std::string_view text, std::size_t begin) noexcept {
  const char before = byte_before(text, begin);
  return !is_alphanumeric(before) && before != '_' && before != '-';
}

/// "-----BEGIN ... PRIVATE KEY-----" to the end of its closing line. Body lines hold no run of hyphens, so the search
/// stops at the next one.
Span find_private_key(std::string_view text, std::size_t begin) noexcept {
  constexpr std::string_view rule = "-----";
  if (begin < rule.size() || text.substr(begin - rule.size(), rule.size()) != rule) return {};
  const auto head_end = text.substr(begin, 64).find(rule);
  if (head_end == std::string_view::npos) return {};
  if (text.substr(begin, head_end).find("PRIVATE KEY") == std::string_view::npos) return {};
  constexpr std::size_t body_max = 16384;
  const std::size_t body = begin + head_end + rule.size();
  const auto close = text.substr(body, body_max).find(rule);
  if (close == std::string_view::npos || !text.substr(body + close + rule.size()).starts_with("END ")) {
    return {begin - rule.size(), body};
  }
  const std::size_t foot = body + close + rule.size();
  const auto foot_end = text.substr(foot, 64).find(rule);
  return {begin - rule.size(), foot_end == std::string_view::npos ? foot : foot + foot_end + rule.size()};
}

/// Three base64url parts joined by dots; the first two are JSON objects, which all begin alike.
Span find_jwt(std::string_view text, std::size_t begin) noexcept {
  std::size_t at = begin;
  for (int part = 0; part < 3; ++part) {
    const std::size_t end = run_end(text, at, Alphabet::base64url, std::size_t{4096});
    if (end - at < 8 || (part == 1 && text.substr(at, 2) != "ey")) return {};
    if (part == 2) return {begin, end};
    if (byte_at(text, end) != '.') return {};
    at = end + 1;
  }
  return {};
}

/// SendGrid: SG. and two parts of 22 and 43.
Span find_sendgrid(std::string_view text, std::size_t begin) noexcept {
  const std::size_t middle = run_end(text, begin + 3, Alphabet::base64url, 64);
  if (middle - begin - 3 != 22 || byte_at(text, middle) != '.') return {};
  const std::size_t end = run_end(text, middle + 1, Alphabet::base64url, 64);
  return end - middle - 1 == 43 ? Span{begin, end} : Span{};
}

std::optional<Match> found(Span span, Kind kind) noexcept {
  if (span.empty()) return {};
  return Match{span, kind};
}

constexpr std::array<std::string_view, 14> password_names{
    "password", "passwd", "passwort", "kennwort",   "passphrase", "pwd",   "contraseña",
    "密码",     "口令",   "密碼",     "パスワード", "пароль",     "senha", "mot de passe"};
constexpr std::array<std::string_view, 12> token_names{"secret",    "token",       "api_key",   "apikey",
                                                       "api-key",   "access_key",  "accesskey", "secret_key",
                                                       "secretkey", "private_key", "auth_key",  "密钥"};

bool ends_with_folded(std::string_view text, std::string_view word) noexcept {
  if (text.size() < word.size()) return false;
  return std::equal(word.begin(), word.end(), text.end() - static_cast<std::ptrdiff_t>(word.size()),
                    [](char wanted, char c) { return wanted == (is_upper(c) ? static_cast<char>(c + 32) : c); });
}

enum class NameSort { none, password, token };

/// What the name before an assignment promises.
NameSort name_before(std::string_view text, std::size_t sign) noexcept {
  std::size_t end = sign;
  while (end > 0 && sign - end < 3 && text[end - 1] == ' ') --end;
  const char quote = byte_before(text, end);
  if (quote == '"' || quote == '\'' || quote == '`') --end;
  if (end == 0 || (!is_letter(text[end - 1]) && static_cast<unsigned char>(text[end - 1]) < 0x80))
    return NameSort::none;
  const auto name = text.substr(end > 32 ? end - 32 : 0, std::min<std::size_t>(end, 32));
  const auto is_name = [&](std::string_view word) { return ends_with_folded(name, word); };
  if (std::ranges::any_of(password_names, is_name)) return NameSort::password;
  return std::ranges::any_of(token_names, is_name) ? NameSort::token : NameSort::none;
}

/// Stand-ins and code, which are nobody's secret.
bool is_stand_in(std::string_view value) noexcept {
  constexpr std::array<std::string_view, 13> marks{"${",  "{{",      "$(",   "%(",       "<",  "xxx",   "****",
                                                   "...", "example", "your", "process.", "()", "getenv"};
  if (value.front() == '$' || value.front() == '%' || value.front() == '&') return true;
  const auto is_in = [&](std::string_view mark) {
    return std::ranges::search(value, mark, [](char c, char wanted) {
             return (is_upper(c) ? static_cast<char>(c + 32) : c) == wanted;
           }).begin() != value.end();
  };
  return std::ranges::any_of(marks, is_in);
}

bool is_password(std::string_view value, bool is_quoted) noexcept {
  const auto mixture = mixture_of(value);
  const bool has_letter = mixture.has_lower || mixture.has_upper;
  if (value.size() < (is_quoted ? 4U : 6U) || value.size() > 128) return false;
  if (mixture.has_digit && has_letter && entropy_of(value) >= 2) return true;
  return is_quoted && has_letter && mixture.has_other && value.find_first_of("!@#$%^&*+=?~") != value.npos;
}

bool is_random_token(std::string_view value) noexcept {
  constexpr std::string_view joiners = "+/=_-.~";
  const bool is_plain = std::ranges::all_of(
      value, [&](char c) { return is_alphanumeric(c) || joiners.find(c) != std::string_view::npos; });
  const auto mixture = mixture_of(value);
  return is_plain && value.size() >= 16 && mixture.has_digit && (mixture.has_lower || mixture.has_upper) &&
         entropy_of(value) >= 3;
}

/// The value behind an assignment, without its quotes.
Span read_value(std::string_view text, std::size_t after, bool& is_quoted) noexcept {
  constexpr std::size_t value_max = 256;
  std::size_t begin = after;
  if (byte_at(text, begin) == '>') ++begin;
  while (begin - after < 4 && byte_at(text, begin) == ' ') ++begin;
  const char quote = byte_at(text, begin);
  is_quoted = quote == '"' || quote == '\'' || quote == '`';
  if (is_quoted) ++begin;
  const std::string_view stops = is_quoted ? "\"'`\n \t" : "\"'`\n\r \t,;)]}<>&|";
  std::size_t end = begin;
  while (end < text.size() && end - begin <= value_max && static_cast<unsigned char>(text[end]) < 0x80 &&
         stops.find(text[end]) == std::string_view::npos) {
    ++end;
  }
  if (end - begin > value_max || (is_quoted && byte_at(text, end) != quote)) return {};
  // A sentence ends behind its last word.
  if (!is_quoted && end > begin && (text[end - 1] == '.' || text[end - 1] == ':')) --end;
  return {begin, end};
}

}  // namespace

std::optional<Match> find_prefixed(std::string_view text, std::size_t begin) noexcept {
  const auto rest = text.substr(begin);
  if (rest.starts_with("BEGIN ")) return found(find_private_key(text, begin), Kind::private_key);
  if (!starts_alone(text, begin) && !rest.starts_with("hooks.")) return {};
  if (rest.starts_with("eyJ")) return found(find_jwt(text, begin), Kind::jwt);
  if (rest.starts_with("SG.")) return found(find_sendgrid(text, begin), kind_named("sendgrid_key"));
  for (const auto& prefix : prefixes) {
    if (!rest.starts_with(prefix.text)) continue;
    const std::size_t body = begin + prefix.text.size();
    const std::size_t end = run_end(text, body, prefix.alphabet, prefix.longest);
    if (end - body < prefix.shortest || end - body > prefix.longest) return {};
    const auto mixture = mixture_of(text.substr(body, end - body));
    // Names in code begin alike ("sk-loading-indicator"), but none mixes digits and letters of both cases.
    const bool is_one_case = prefix.alphabet == Alphabet::upper || prefix.alphabet == Alphabet::hex;
    const bool is_mixed = is_one_case || prefix.kind == kind_named("huggingface_token") ||
                          (mixture.has_digit && (mixture.has_upper || mixture.has_lower));
    const bool is_hyphened = prefix.kind == kind_named("openai_key") && !mixture.has_upper;
    if (!is_mixed || is_hyphened) return {};
    return Match{{begin, end}, prefix.kind};
  }
  return {};
}

Span find_url_password(std::string_view text, std::size_t colon) noexcept {
  constexpr std::size_t part_max = 128;
  if (text.substr(colon, 3) != "://" || !is_letter(byte_before(text, colon))) return {};
  std::size_t begin = std::string_view::npos;
  for (std::size_t at = colon + 3; at < text.size() && at - colon < 2 * part_max; ++at) {
    const char c = text[at];
    if (c == ':' && begin == std::string_view::npos) {
      begin = at + 1;
    } else if (c == '@') {
      if (begin == std::string_view::npos || at == begin || is_stand_in(text.substr(begin, at - begin))) return {};
      return is_alphanumeric(byte_at(text, at + 1)) || byte_at(text, at + 1) == '[' ? Span{begin, at} : Span{};
    } else if (c == '/' || c == '"' || c == '\'' || c == '<' || c == '>' || static_cast<unsigned char>(c) <= ' ') {
      return {};
    }
  }
  return {};
}

Span find_assigned(std::string_view text, std::size_t sign, std::size_t after) noexcept {
  if (byte_at(text, after) == '=' || byte_at(text, after) == '/' || byte_at(text, after) == ':') return {};
  const auto sort = name_before(text, sign);
  if (sort == NameSort::none) return {};
  bool is_quoted = false;
  const auto span = read_value(text, after, is_quoted);
  if (span.empty() || is_stand_in(text.substr(span.begin, span.size()))) return {};
  const auto value = text.substr(span.begin, span.size());
  const bool is_secret = sort == NameSort::password ? is_password(value, is_quoted) : is_random_token(value);
  return is_secret ? span : Span{};
}

std::optional<Match> find_numeric_token(std::string_view text, std::size_t digit) noexcept {
  // Twilio: AC or SK and 32 hexadecimal digits, of which the first six at most are letters.
  std::size_t begin = digit;
  while (begin > 0 && digit - begin < 8 && text[begin - 1] >= 'a' && text[begin - 1] <= 'f') --begin;
  const auto head = begin >= 2 ? text.substr(begin - 2, 2) : std::string_view{};
  if ((head == "AC" || head == "SK") && starts_alone(text, begin - 2)) {
    const std::size_t end = run_end(text, begin, Alphabet::hex, 32);
    if (end - begin == 32) return Match{{begin - 2, end}, kind_named("twilio_key")};
  }
  // Telegram: the bot's number, a colon and 35 characters.
  const std::size_t colon = digits_end(text.substr(0, std::min(text.size(), digit + 11)), digit);
  if (byte_at(text, colon) != ':' || colon - digit < 8 || !starts_alone(text, digit)) return {};
  const std::size_t end = run_end(text, colon + 1, Alphabet::base64url, 35);
  if (end - colon - 1 != 35) return {};
  return Match{{digit, end}, kind_named("telegram_token")};
}

}  // namespace gristmill::kernels::pii
