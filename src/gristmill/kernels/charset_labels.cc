// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/charset_labels.h"

#include <algorithm>
#include <array>

namespace gristmill::kernels {
namespace {

constexpr std::array table{
    CharsetFacts{"utf-8", nullptr, false, "utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8"},
    CharsetFacts{"ibm866", "IBM866", true, "ibm866 866 cp866 csibm866"},
    CharsetFacts{"iso-8859-2", "ISO-8859-2", true,
                 "iso-8859-2 csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"},
    CharsetFacts{"iso-8859-3", "ISO-8859-3", true,
                 "iso-8859-3 csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"},
    CharsetFacts{"iso-8859-4", "ISO-8859-4", true,
                 "iso-8859-4 csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"},
    CharsetFacts{"iso-8859-5", "ISO-8859-5", true,
                 "iso-8859-5 csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988"},
    CharsetFacts{"iso-8859-6", "ISO-8859-6", true,
                 "iso-8859-6 arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e "
                 "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"},
    CharsetFacts{"iso-8859-7", "ISO-8859-7", true,
                 "iso-8859-7 csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
                 "iso_8859-7:1987 sun_eu_greek"},
    CharsetFacts{"iso-8859-8", "ISO-8859-8", true,
                 "iso-8859-8 csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 "
                 "iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical"},
    CharsetFacts{"iso-8859-10", "ISO-8859-10", true,
                 "iso-8859-10 csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6"},
    CharsetFacts{"iso-8859-13", "ISO-8859-13", true, "iso-8859-13 iso8859-13 iso885913"},
    CharsetFacts{"iso-8859-14", "ISO-8859-14", true, "iso-8859-14 iso8859-14 iso885914"},
    CharsetFacts{"iso-8859-15", "ISO-8859-15", true, "iso-8859-15 csisolatin9 iso8859-15 iso885915 iso_8859-15 l9"},
    CharsetFacts{"iso-8859-16", "ISO-8859-16", true, "iso-8859-16"},
    CharsetFacts{"koi8-r", "KOI8-R", true, "koi8-r cskoi8r koi koi8 koi8_r"},
    CharsetFacts{"koi8-u", "KOI8-U", true, "koi8-u koi8-ru"},
    CharsetFacts{"macintosh", "MACINTOSH", true, "macintosh csmacintosh mac x-mac-roman"},
    CharsetFacts{"windows-874", "CP874", true, "windows-874 dos-874 iso-8859-11 iso8859-11 iso885911 tis-620"},
    CharsetFacts{"windows-1250", "CP1250", true, "windows-1250 cp1250 x-cp1250"},
    CharsetFacts{"windows-1251", "CP1251", true, "windows-1251 cp1251 x-cp1251"},
    CharsetFacts{"windows-1252", "CP1252", true,
                 "windows-1252 ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 "
                 "iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii x-cp1252 latin-1 x-user-defined"},
    CharsetFacts{"windows-1253", "CP1253", true, "windows-1253 cp1253 x-cp1253"},
    CharsetFacts{"windows-1254", "CP1254", true,
                 "windows-1254 cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
                 "iso_8859-9:1989 l5 latin5 x-cp1254"},
    CharsetFacts{"windows-1255", "CP1255", true, "windows-1255 cp1255 x-cp1255"},
    CharsetFacts{"windows-1256", "CP1256", true, "windows-1256 cp1256 x-cp1256"},
    CharsetFacts{"windows-1257", "CP1257", true, "windows-1257 cp1257 x-cp1257"},
    CharsetFacts{"windows-1258", "CP1258", true, "windows-1258 cp1258 x-cp1258"},
    CharsetFacts{"x-mac-cyrillic", "MAC-UK", true, "x-mac-cyrillic x-mac-ukrainian mac-cyrillic"},
    CharsetFacts{"gb18030", "GB18030", false,
                 "gb18030 gbk chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk cp936"},
    CharsetFacts{"big5", "BIG5-HKSCS", false, "big5 big5-hkscs cn-big5 csbig5 x-x-big5"},
    CharsetFacts{"euc-jp", "EUC-JP-MS", false, "euc-jp cseucpkdfmtjapanese x-euc-jp"},
    CharsetFacts{"iso-2022-jp", "ISO-2022-JP", false, "iso-2022-jp csiso2022jp"},
    CharsetFacts{"shift_jis", "CP932", false, "shift_jis csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis"},
    CharsetFacts{"euc-kr", "UHC", false,
                 "euc-kr cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
                 "windows-949 uhc cp949"},
    CharsetFacts{"utf-16be", "UTF-16BE", false, "utf-16be unicodefffe"},
    CharsetFacts{"utf-16le", "UTF-16LE", false, "utf-16le utf-16 csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff"},
    CharsetFacts{"utf-32be", "UTF-32BE", false, "utf-32be"},
    CharsetFacts{"utf-32le", "UTF-32LE", false, "utf-32le utf-32"},
};

}  // namespace

std::span<const CharsetFacts> charset_table() noexcept { return table; }

const CharsetFacts* find_charset(std::string_view name) noexcept {
  const auto found = std::ranges::find(table, name, &CharsetFacts::name);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace gristmill::kernels
