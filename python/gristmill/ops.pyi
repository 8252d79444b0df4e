# SPDX-License-Identifier: Apache-2.0
# Made from the operators' specs by tools/make_python_stubs.py; do not edit.
"""Every operator of the catalog as a function: `gristmill.ops.<family>.<name>(data, **options)`."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, TypeVar

# A pyarrow, Polars or pandas table, or any object with the Arrow PyCapsule interface: what goes in comes out.
Data = TypeVar("Data")

class _Annotate:
    @staticmethod
    def redpajama(
        data: Data,
        /,
        *,
        stop_words: Sequence[str] = [],
        stop_words_file: str | PathLike[str] = "",
        ldnoobw_file: str | PathLike[str] = "",
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Computes the quality signals of RedPajama-v2 that need no model, under their published names;
        signals of lines as means or sums over the lines.

            stop_words: Stop words of the language, compared with their case; without any,
                rps_doc_stop_word_fraction is null. The published values used the stopwords-json lists.
            stop_words_file: More of them, one a line.
            ldnoobw_file: The LDNOOBW list of the language, or another, one word or phrase a line; without
                it rps_doc_ldnoobw_words is null.
            Adds the column `ccnet_length` (integer): Characters.
            Adds the column `ccnet_nlines` (integer): Lines.
            Adds the column `rps_doc_curly_bracket` (number): Curly brackets for each character.
            Adds the column `rps_doc_frac_all_caps_words` (number): Share of words in capitals.
            Adds the column `rps_doc_frac_lines_end_with_ellipsis` (number): Share of lines that end in an
                ellipsis.
            Adds the column `rps_doc_frac_no_alph_words` (number): Share of words without a letter from a to
                z.
            Adds the column `rps_doc_lorem_ipsum` (number): Occurrences of lorem ipsum for each character of
                the normalized text.
            Adds the column `rps_doc_mean_word_length` (number): Mean length of the normalized words.
            Adds the column `rps_doc_stop_word_fraction` (number): Share of words that are stop words.
            Adds the column `rps_doc_symbol_to_word_ratio` (number): Number signs and ellipses for each
                word.
            Adds the column `rps_doc_frac_unique_words` (number): Different normalized words for each
                normalized word.
            Adds the column `rps_doc_unigram_entropy` (number): Entropy of the normalized words, in nats.
            Adds the column `rps_doc_word_count` (integer): Normalized words.
            Adds the column `rps_doc_num_sentences` (integer): Sentences: parts that begin with a word and
                end in full stops, ! or ?.
            Adds the column `rps_doc_ldnoobw_words` (integer): Occurrences of entries of the list among the
                normalized words.
            Adds the column `rps_doc_frac_chars_top_2gram` (number): Share of characters in the most
                frequent word pair.
            Adds the column `rps_doc_frac_chars_top_3gram` (number): The same for 3 words.
            Adds the column `rps_doc_frac_chars_top_4gram` (number): The same for 4 words.
            Adds the column `rps_doc_frac_chars_dupe_5grams` (number): Share of characters in runs of 5
                words that occur again.
            Adds the column `rps_doc_frac_chars_dupe_6grams` (number): The same for 6 words.
            Adds the column `rps_doc_frac_chars_dupe_7grams` (number): The same for 7 words.
            Adds the column `rps_doc_frac_chars_dupe_8grams` (number): The same for 8 words.
            Adds the column `rps_doc_frac_chars_dupe_9grams` (number): The same for 9 words.
            Adds the column `rps_doc_frac_chars_dupe_10grams` (number): The same for 10 words.
            Adds the column `rps_lines_ending_with_terminal_punctution_mark_mean` (number): Mean over the
                lines: ends in . ! ? or ”.
            Adds the column `rps_lines_javascript_counts_sum` (integer): Sum over the lines: normalized
                words that are javascript.
            Adds the column `rps_lines_num_words_mean` (number): Mean over the lines: normalized words.
            Adds the column `rps_lines_numerical_chars_fraction_mean` (number): Mean over the lines: share
                of numeric characters, normalized.
            Adds the column `rps_lines_start_with_bulletpoint_mean` (number): Mean over the lines: starts
                with a bullet.
            Adds the column `rps_lines_uppercase_letter_fraction_mean` (number): Mean over the lines: share
                of upper-case letters.

        Version 1. Reference: Weber et al. 2024 and the code of RedPajama-Data (rp_v2): punctuation out,
        lower case, NFD; values rounded to eight places.
        """

class _Dedup:
    @staticmethod
    def exact(
        data: Data,
        /,
        *,
        normalize: Literal["none", "whitespace", "lowercase"] = "none",
        of: Literal["text", "prompt"] = "text",
        keep: Literal["oldest", "newest"] = "oldest",
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Keeps one of all documents with the same text.

            normalize: What is made equal before comparing: nothing; runs of white space (one blank, none at
                the ends); white space and case. One of: none, whitespace, lowercase.
            of: What is compared: the text, or of conversations the turns of the user (of preference pairs
                those of the prompt); documents without any are never duplicates then. One of: text, prompt.
            keep: Which of the duplicates stays: the first or the last in input order. One of: oldest,
                newest.
            Reasons: exact.duplicate.

        Version 1. Reference: XXH3-128 of the text; documents without any text are equal to each other.
        """

    @staticmethod
    def minhash(
        data: Data,
        /,
        *,
        ngram: int = 5,
        bands: int = 14,
        rows: int = 8,
        unit: Literal["word", "char"] = "word",
        of: Literal["text", "prompt"] = "text",
        keep: Literal["auto", "oldest", "newest"] = "auto",
        seed: int = 1,
        scheme: Literal["gristmill", "datatrove"] = "gristmill",
        hash: Literal["xxhash64", "xxhash32", "sha1_64", "sha1_32"] = "xxhash64",
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Keeps one of each cluster of nearly equal documents (MinHash with banding).

            ngram: Length of a shingle; documents with fewer words are never duplicates (1..64 words).
            bands: Bands of the signature: more find less similar documents (1..1024).
            rows: Minima in a band: more demand greater similarity (1..64).
            unit: What shingles are made of; in scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer,
                Burmese) each character counts as a word either way. One of: word, char.
            of: What is compared: the text, or of conversations the turns of the user (of preference pairs
                those of the prompt); documents without any are never duplicates then. One of: text, prompt.
            keep: Which of a cluster stays: the first or the last in input order; auto: the first, with
                scheme datatrove the one that datatrove leaves (the root of its union by size). One of:
                auto, oldest, newest.
            seed: Seed of the hash functions (at least 0).
            scheme: gristmill is the fast one; datatrove gives the signatures of datatrove 0.10 for English
                to the bit (its normalization, spaCy's words, its hashes) and keeps what it keeps of
                documents in the same order, for runs that must match. One of: gristmill, datatrove.
            hash: Hash of a shingle with scheme datatrove: its hash_config. One of: xxhash64, xxhash32,
                sha1_64, sha1_32.
            Reasons: minhash.near_duplicate.

        Version 2. Reference: Broder 1997; 14 bands of 8 over 5-word shingles as in FineWeb (Penedo et al.
        2024); two documents of Jaccard similarity s meet with probability 1-(1-s^rows)^bands.
        """

class _Extract:
    @staticmethod
    def html(
        data: Data,
        /,
        *,
        format: Literal["text", "markdown"] = "text",
        keep: Sequence[Literal["headings", "lists", "tables", "code", "links", "emphasis"]] = ...,
        metadata: Sequence[str] = ["title", "author", "date", "canonical_url", "license_url"],
        spans: bool = False,
        profile: Literal["balanced", "recall", "precision", "rules"] = "balanced",
        model: Literal["content-3-ee50ed4a07ca4269"] = "content-3-ee50ed4a07ca4269",
        min_words: int = 1,
        max_nodes: int = 2000000,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Turns HTML pages into the text or Markdown of their main content; other documents pass unchanged.

            format: text: plain text with light marks; markdown: CommonMark with tables, fenced code with
                its language, nested lists, quotes, emphasis, everything else escaped; what CommonMark lacks
                is written as Pandoc reads it: terms above ':   ' and their description, H~2~O, x^2^. One
                of: text, markdown.
            keep: Structure that the text shows: '# ' headings, list marks, tables ('a | b' rows), code
                blocks, Markdown links, emphasis (in Markdown only, with subscripts and superscripts).
                Tables and code that are not kept are left out. One of: headings, lists, tables, code,
                links, emphasis.
            metadata: What the page says of itself; each name becomes a column. One of: title, author, date,
                canonical_url, license_url, date_modified, page_language, site_name, description, licenses,
                meta_tags, json_ld.
            spans: Write the column extract_spans: where in the page each block of the text comes from.
            profile: What decides: the trained model at its best F1, leaning to recall (rather let
                boilerplate in) or to precision (rather lose content), or hand-checkable rules without the
                model. One of: balanced, recall, precision, rules.
            model: The built-in model, with the beginning of its SHA-256; see docs/models/page-content.md.
                One of: content-3-ee50ed4a07ca4269.
            min_words: Pages with less content are dropped (1..100000 words).
            max_nodes: Pages with more elements and texts are quarantined. Large pages may have one for each
                4 bytes, but at most 4 times as many; each takes about 100 bytes of memory (100..1e+08
                nodes).
            Adds the column `title` (string): Title of the page (metadata).
            Adds the column `author` (string): Authors that the page names, joined by '; ' (metadata).
            Adds the column `date` (string): Date of publication, ISO 8601 (metadata).
            Adds the column `canonical_url` (string): Address that the page calls its own (metadata).
            Adds the column `license_url` (string): Address of the licence: rel=license, JSON-LD, Dublin
                Core, Creative Commons link (metadata).
            Adds the column `date_modified` (string): Date of the last change, ISO 8601 (metadata).
            Adds the column `page_language` (string): Language that the page declares (metadata).
            Adds the column `site_name` (string): Name of the site or publisher (metadata).
            Adds the column `description` (string): Description that the page gives (metadata).
            Adds the column `licenses` (string): All licence addresses, a JSON list (metadata).
            Adds the column `meta_tags` (string): Open Graph, Twitter, Dublin Core, citation tags and the
                like, a JSON object (metadata).
            Adds the column `json_ld` (string): All JSON-LD of the page, a JSON list (metadata).
            Adds the column `extract_share` (number): Bytes of the chosen text / bytes of all visible text.
            Adds the column `extract_spans` (string): JSON list of [begin, end, source begin, source end]:
                byte range of each block in the text and in the page as it reached the operator (spans).
            Reasons: html.no_content, html.too_complex.

        Version 7. Reference: HTML standard, sections 12 and 13; block features after Kohlschuetter et al.
        2010 and Readability.
        """

    @staticmethod
    def strip_tags(
        data: Data,
        /,
        *,
        entities: bool = True,
        scripts: bool = False,
        separator: Literal["none", "space"] = "none",
        whitespace: Literal["keep", "collapse"] = "keep",
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Removes tags and comments and keeps all text, of any document, whatever its media type.

            entities: Decode character references such as &amp; and &#233;.
            scripts: Keep the content of script and style elements.
            separator: What stands for a tag: nothing, or one space where none stands before. One of: none,
                space.
            whitespace: collapse: one space for each run of white space, none at the ends. One of: keep,
                collapse.
            Adds the column `tag_count` (integer): Tags that were removed.

        Version 1. Reference: HTML standard, section 13.2.5; as re.sub('<[^>]+>', '', text), but for quoted
        attributes, comments and signs of comparison.
        """

class _Filter:
    @staticmethod
    def answer_leak(
        data: Data,
        /,
        *,
        min_words: int = 8,
        evaluation: str | PathLike[str] = "",
        fields: Sequence[str] = ...,
        ngram: int = 8,
        overlap: float = 0.5,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops conversations whose answer stands in the prompt, or that repeat an item of an evaluation.

            min_words: The last answer is looked for in the prompt when it has at least so many words; 0 =
                never (at least 0 words).
            evaluation: Evaluation items that must not be trained on, one a line: plain text, a JSON string,
                or a JSON object of which `fields` count; empty = none.
            fields: Members of the evaluation's objects that are items, each by itself: strings or lists of
                strings.
            ngram: Length of the word n-grams that are compared with the evaluation. Items with fewer words,
                but at least 3, must be equal to a whole turn of the user (1..64 words).
            overlap: Share of an item's n-grams in one turn from which the item counts as leaked (0..1).
            annotate: Write the verdict as a column instead of dropping.
            Reasons: answer_leak.malformed, answer_leak.in_prompt, answer_leak.in_evaluation.

        Version 1. Reference: Overlap of 8-word n-grams with half of an evaluation's item: Tülu 3 (Lambert
        et al. 2024, decontamination). Documents that are no conversations are compared with the evaluation
        by their text.
        """

    @staticmethod
    def blocklist(
        data: Data,
        /,
        *,
        words_file: str | PathLike[str] = "",
        words: Sequence[str] = [],
        domains_file: str | PathLike[str] = "",
        urls_file: str | PathLike[str] = "",
        boundaries: Literal["automatic", "always", "never"] = "automatic",
        max_hits: int = 0,
        max_hits_ratio: float = 1,
        allow_empty: bool = False,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents that hold words of a list, or whose address is on a list of domains or addresses.

            words_file: Words and phrases that must not stand in the text, one a line; # begins a remark.
            words: More of them.
            domains_file: Domains that a document must not come from, with all below them, one a line.
            urls_file: Beginnings of addresses that a document must not come from, one a line; scheme and
                www. do not count.
            boundaries: Whether a word must stand alone. automatic: yes, except at an edge of a script
                written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese). One of: automatic,
                always, never.
            max_hits: Most hits of words that are let pass; -1 for no limit (at least -1 hits).
            max_hits_ratio: Most hits for each word of the text (by white space); 1 for no limit (0..1).
            allow_empty: Keeps all documents when there is no list, for recipes whose lists each user
                brings; else that is an error.
            annotate: Write the verdict as a column instead of dropping.
            Adds the column `blocklist_hits` (integer): Hits of words.
            Adds the column `blocklist_entry` (string): Entry of the list that the document hit first, or
                null.
            Reasons: blocklist.domain, blocklist.url, blocklist.words, blocklist.words_ratio.

        Version 1. Reference: C4's bad-word rule (Raffel et al. 2020) and UT1-style domain lists; Aho and
        Corasick 1975.
        """

    @staticmethod
    def c4(
        data: Data,
        /,
        *,
        split_paragraph: bool = True,
        remove_citations: bool = True,
        filter_no_terminal_punct: bool = True,
        min_num_sentences: int = 5,
        min_words_per_line: int = 3,
        max_word_length: int = 1000,
        filter_lorem_ipsum: bool = True,
        filter_javascript: bool = True,
        filter_curly_bracket: bool = True,
        filter_policy: bool = True,
        rewrite: bool = True,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Removes lines and drops documents by the rules of C4, as datatrove applies them.

            split_paragraph: Judges lines; false for sentences, which are then joined by blanks.
            remove_citations: Removes [1], [edit] and [citation needed] from lines.
            filter_no_terminal_punct: Removes lines that do not end in . ? ! or a straight quote, or end in
                .
            min_num_sentences: Fewest sentences in the lines that stay; 0 for no limit (at least 0
                sentences).
            min_words_per_line: Removes lines of fewer words, split at white space; 0 for no limit (at least
                0 words).
            max_word_length: Removes lines with a longer word; 0 for no limit (at least 0 characters).
            filter_lorem_ipsum: Drops documents with "lorem ipsum" in a line that stays so far.
            filter_javascript: Removes lines that mention javascript.
            filter_curly_bracket: Drops documents with an opening curly bracket in a line that stays so far.
            filter_policy: Removes lines on cookies, privacy policies and terms of use.
            rewrite: Writes the lines that stay as the text of documents that are kept; false only judges.
            annotate: Write the verdict as a column instead of dropping.
            With annotate adds the column `c4_lines` (integer): Lines of the document.
            With annotate adds the column `c4_lines_kept` (integer): Lines that no line rule removes.
            With annotate adds the column `c4_sentences` (integer): Sentences in those lines.
            With annotate adds the column `c4_lorem_ipsum` (boolean): Does one of those lines hold "lorem
                ipsum"?.
            With annotate adds the column `c4_curly_bracket` (boolean): Does one of those lines hold an
                opening curly bracket?.
            Reasons: c4.lorem_ipsum, c4.curly_bracket, c4.too_few_sentences.

        Version 1. Reference: Raffel et al. 2020, section 2.2; datatrove 0.10.1, C4QualityFilter.
        """

    @staticmethod
    def c4_paragraph(
        data: Data,
        /,
        *,
        min_paragraphs: int = 3,
        min_paragraph_len: int = 200,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents without three lines of 200 characters, the paragraph rule of mC4 as datatrove
        applies it.

            min_paragraphs: Fewest long lines (1..1000 lines).
            min_paragraph_len: A line of so many characters or more is long (at least 0 characters).
            annotate: Write the verdict as a column instead of dropping.
            With annotate adds the column `c4_paragraph_length` (integer): Characters of the shortest of the
                `min_paragraphs` longest lines; null with fewer lines.
            Reasons: c4_paragraph.too_few_paragraphs.

        Version 1. Reference: Xue et al. 2021, section 3.1; datatrove 0.10.1, C4ParagraphFilter.
        """

    @staticmethod
    def conversation(
        data: Data,
        /,
        *,
        roles: Sequence[str] = ["system", "user", "assistant", "tool"],
        first: str = "user",
        last: str = "assistant",
        alternate: bool = True,
        min_turns: int = 2,
        max_turns: int = 0,
        max_turn_chars: int = 0,
        max_chars: int = 0,
        min_answer_chars: int = 1,
        others: Literal["drop", "keep"] = "drop",
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops conversations that break the form of a chat: roles, their order, empty turns, lengths.

            roles: Roles that may speak; leave out tool to keep no conversation with tool calls. Roles other
                than system, user and assistant answer calls of the assistant, as tool does.
            first: Role that must speak first, after system messages; empty for any.
            last: Role that must speak last; empty for any.
            alternate: The user speaks after the assistant only, the assistant after the user or a tool, a
                tool after the assistant or another tool; system messages stand before all others.
            min_turns: Fewest turns of user and assistant together (at least 0 turns).
            max_turns: Most turns of user and assistant together; 0 = any number (at least 0 turns).
            max_turn_chars: Longest turn of any role; 0 = any length (at least 0 code points).
            max_chars: Greatest length of all turns together; 0 = any length (at least 0 code points).
            min_answer_chars: Shortest last turn (at least 0 code points).
            others: What becomes of documents that are no conversations. One of: drop, keep.
            annotate: Write the verdict as a column instead of dropping.
            Reasons: conversation.missing, conversation.malformed, conversation.unknown_role,
                conversation.empty_turn, conversation.late_system, conversation.first_role,
                conversation.alternation, conversation.last_role, conversation.few_turns,
                conversation.many_turns, conversation.long_turn, conversation.too_long,
                conversation.short_answer.

        Version 1. Reference: docs/formats/conversation.md; a preference pair is checked as two chats, the
        prompt with either answer.
        """

    @staticmethod
    def expression(
        data: Data,
        /,
        *,
        where: str,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Keeps documents for which an expression over their fields and columns is true.

            where: Condition that a document must meet, as in SQL: columns of earlier steps and of the
                input, the fields text, url, id, ingestion_id, origin_uri, origin_offset, media_type,
                conversation and metadata.NAME; numbers, 'strings', true, false, null; + - * / %, = <> < <=
                > >=, and, or, not, between, in (...), is null, like; length, byte_length, lower, upper,
                trim, host, contains, starts_with, ends_with, matches (RE2), abs, floor, ceil, round,
                coalesce, least, greatest. A comparison with null is null, and so is a division by zero.
            annotate: Write the verdict as a column instead of dropping.
            Reasons: expression.false, expression.null, expression.out_of_range.

        Version 2. Reference: ISO/IEC 9075 (SQL): three-valued logic; expression.false, expression.null say
        which of the other two it was, expression.out_of_range that whole numbers passed 64 bits.
        """

    @staticmethod
    def fineweb(
        data: Data,
        /,
        *,
        line_punct_thr: float = 0.12,
        line_punct_exclude_zero: bool = False,
        stop_chars: Sequence[str] = [],
        short_line_thr: float = 0.67,
        short_line_length: int = 30,
        char_duplicates_ratio: float = 0.01,
        new_line_ratio: float = 0.3,
        words: Literal["spacy", "whitespace", "uax29"] = "spacy",
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents whose lines look like lists or menus, by the rules of FineWeb as datatrove applies
        them.

            line_punct_thr: Least share of lines that end in a terminal mark; 0 for no limit (at least 0
                share).
            line_punct_exclude_zero: Lets documents pass of which no line ends in a terminal mark.
            stop_chars: What counts as a terminal mark; empty for datatrove's list of all scripts.
            short_line_thr: Greatest share of short lines; 1 for no limit (at least 0 share).
            short_line_length: A line of so many characters or fewer is short (at least 0 characters).
            char_duplicates_ratio: Greatest share of characters in lines that are equal to an earlier one; 1
                for no limit (at least 0 share).
            new_line_ratio: Most newlines a word (at least 0).
            words: How words are found: as spaCy's English tokenizer does, with punctuation as words of its
                own; at white space; or at the word boundaries of Unicode (UAX #29), punctuation and each
                ideograph being words too. One of: spacy, whitespace, uax29.
            annotate: Write the verdict as a column instead of dropping.
            With annotate adds the column `fineweb_line_punct_ratio` (number): Share of lines that end in a
                terminal mark.
            With annotate adds the column `fineweb_short_line_ratio` (number): Share of short lines.
            With annotate adds the column `fineweb_char_dup_ratio` (number): Share of characters in lines
                that are equal to an earlier one.
            With annotate adds the column `fineweb_list_ratio` (number): Newlines a word.
            Reasons: fineweb.empty, fineweb.line_punct_ratio, fineweb.short_line_ratio,
                fineweb.char_dup_ratio, fineweb.list_ratio.

        Version 1. Reference: Penedo et al. 2024, section 3.6; datatrove 0.10.1, FineWebQualityFilter.
        """

    @staticmethod
    def gopher_quality(
        data: Data,
        /,
        *,
        min_words: int = 50,
        max_words: int = 100000,
        min_mean_word_length: float = 3,
        max_mean_word_length: float = 10,
        max_symbol_ratio: float = 0.1,
        max_bullet_lines_ratio: float = 0.9,
        max_ellipsis_lines_ratio: float = 0.3,
        min_alpha_words_ratio: float = 0.8,
        min_stop_words: int = 2,
        stop_words: Sequence[str] = ["the", "be", "to", "of", "and", "that", "have", "with"],
        words: Literal["spacy", "whitespace", "uax29"] = "spacy",
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents by the quality rules of Gopher, as datatrove applies them.

            min_words: Fewest words that are not all punctuation; 0 for no limit (at least 0 words).
            max_words: Most words that are not all punctuation; 0 for no limit (at least 0 words).
            min_mean_word_length: Least mean length of those words in characters; 0 for no limit (at least
                0).
            max_mean_word_length: Greatest mean length of those words; 0 for no limit (at least 0).
            max_symbol_ratio: Most # signs, and most ellipses, a word; 0 for no limit (at least 0).
            max_bullet_lines_ratio: Greatest share of lines that start with a bullet or dash; 0 for no limit
                (at least 0).
            max_ellipsis_lines_ratio: Greatest share of lines that end in an ellipsis; 0 for no limit (at
                least 0).
            min_alpha_words_ratio: Least share of words with a letter; 0 for no limit (at least 0).
            min_stop_words: Fewest different stop words in the text; 0 for no limit (at least 0 words).
            stop_words: Stop words, compared with their case.
            words: How words are found: as spaCy's English tokenizer does, with punctuation as words of its
                own; at white space; or at the word boundaries of Unicode (UAX #29), punctuation and each
                ideograph being words too. One of: spacy, whitespace, uax29.
            annotate: Write the verdict as a column instead of dropping.
            With annotate adds the column `gopher_quality_words` (integer): Words that are not all
                punctuation.
            With annotate adds the column `gopher_quality_mean_word_length` (number): Mean length of those
                words in characters; null without any.
            With annotate adds the column `gopher_quality_hash_ratio` (number): # signs a word.
            With annotate adds the column `gopher_quality_ellipsis_ratio` (number): Ellipses a word.
            With annotate adds the column `gopher_quality_bullet_lines_ratio` (number): Share of lines that
                start with a bullet or dash.
            With annotate adds the column `gopher_quality_ellipsis_lines_ratio` (number): Share of lines
                that end in an ellipsis.
            With annotate adds the column `gopher_quality_alpha_words_ratio` (number): Share of words with a
                letter.
            With annotate adds the column `gopher_quality_stop_words` (integer): Different stop words in the
                text.
            Reasons: gopher_quality.short_document, gopher_quality.long_document,
                gopher_quality.short_words, gopher_quality.long_words, gopher_quality.hashes,
                gopher_quality.ellipses, gopher_quality.bullet_lines, gopher_quality.ellipsis_lines,
                gopher_quality.few_alpha_words, gopher_quality.few_stop_words.

        Version 1. Reference: Rae et al. 2021, appendix A1.1; datatrove 0.10.1, GopherQualityFilter.
        """

    @staticmethod
    def gopher_repetition(
        data: Data,
        /,
        *,
        dup_para_frac: float = 0.3,
        dup_para_char_frac: float = 0.2,
        dup_line_frac: float = 0.3,
        dup_line_char_frac: float = 0.2,
        top_2_gram: float = 0.2,
        top_3_gram: float = 0.18,
        top_4_gram: float = 0.16,
        dup_5_gram: float = 0.15,
        dup_6_gram: float = 0.14,
        dup_7_gram: float = 0.13,
        dup_8_gram: float = 0.12,
        dup_9_gram: float = 0.11,
        dup_10_gram: float = 0.1,
        words: Literal["spacy", "whitespace", "uax29"] = "spacy",
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents that repeat themselves, by the rules of Gopher as datatrove applies them.

            dup_para_frac: Greatest share of paragraphs that are equal to an earlier one; 0 for no limit (at
                least 0 share).
            dup_para_char_frac: Greatest share of characters in such paragraphs; 0 for no limit (at least 0
                share).
            dup_line_frac: Greatest share of lines that are equal to an earlier one; 0 for no limit (at
                least 0 share).
            dup_line_char_frac: Greatest share of characters in such lines; 0 for no limit (at least 0
                share).
            top_2_gram: Greatest share of characters in the commonest two words; 0 for no limit (at least 0
                share).
            top_3_gram: Greatest share of characters in the commonest three words; 0 for no limit (at least
                0 share).
            top_4_gram: Greatest share of characters in the commonest four words; 0 for no limit (at least 0
                share).
            dup_5_gram: Greatest share of characters in five words that came before; 0 for no limit (at
                least 0 share).
            dup_6_gram: Greatest share of characters in six words that came before; 0 for no limit (at least
                0 share).
            dup_7_gram: Greatest share of characters in seven words that came before; 0 for no limit (at
                least 0 share).
            dup_8_gram: Greatest share of characters in eight words that came before; 0 for no limit (at
                least 0 share).
            dup_9_gram: Greatest share of characters in nine words that came before; 0 for no limit (at
                least 0 share).
            dup_10_gram: Greatest share of characters in ten words that came before; 0 for no limit (at
                least 0 share).
            words: How words are found: as spaCy's English tokenizer does, with punctuation as words of its
                own; at white space; or at the word boundaries of Unicode (UAX #29), punctuation and each
                ideograph being words too. One of: spacy, whitespace, uax29.
            annotate: Write the verdict as a column instead of dropping.
            With annotate adds the column `gopher_repetition_dup_para_frac` (number): Share of paragraphs
                that are equal to an earlier one.
            With annotate adds the column `gopher_repetition_dup_para_char_frac` (number): Share of
                characters in such paragraphs.
            With annotate adds the column `gopher_repetition_dup_line_frac` (number): Share of lines that
                are equal to an earlier one.
            With annotate adds the column `gopher_repetition_dup_line_char_frac` (number): Share of
                characters in such lines.
            With annotate adds the column `gopher_repetition_top_2_gram` (number): Share of characters in
                the commonest two words.
            With annotate adds the column `gopher_repetition_top_3_gram` (number): Share of characters in
                the commonest three words.
            With annotate adds the column `gopher_repetition_top_4_gram` (number): Share of characters in
                the commonest four words.
            With annotate adds the column `gopher_repetition_dup_5_gram` (number): Share of characters in
                five words that came before.
            With annotate adds the column `gopher_repetition_dup_6_gram` (number): Share of characters in
                six words that came before.
            With annotate adds the column `gopher_repetition_dup_7_gram` (number): Share of characters in
                seven words that came before.
            With annotate adds the column `gopher_repetition_dup_8_gram` (number): Share of characters in
                eight words that came before.
            With annotate adds the column `gopher_repetition_dup_9_gram` (number): Share of characters in
                nine words that came before.
            With annotate adds the column `gopher_repetition_dup_10_gram` (number): Share of characters in
                ten words that came before.
            Reasons: gopher_repetition.dup_para_frac, gopher_repetition.dup_para_char_frac,
                gopher_repetition.dup_line_frac, gopher_repetition.dup_line_char_frac,
                gopher_repetition.top_2_gram, gopher_repetition.top_3_gram, gopher_repetition.top_4_gram,
                gopher_repetition.dup_5_gram, gopher_repetition.dup_6_gram, gopher_repetition.dup_7_gram,
                gopher_repetition.dup_8_gram, gopher_repetition.dup_9_gram, gopher_repetition.dup_10_gram,
                gopher_repetition.empty.

        Version 1. Reference: Rae et al. 2021, table A1; datatrove 0.10.1, GopherRepetitionFilter.
        """

    @staticmethod
    def language(
        data: Data,
        /,
        *,
        keep: Sequence[str] = [],
        drop: Sequence[str] = [],
        min_score: float = 0.65,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Keeps documents in wanted languages that were identified surely enough.

            keep: Languages to keep, as language.identify writes them; empty for all.
            drop: Languages to drop.
            min_score: Least language_score of a document that stays (0..1).
            annotate: Write the verdict as a column instead of dropping.
            Needs the column `language` (string): Written by language.identify.
            Needs the column `language_score` (number): Written by language.identify.
            Reasons: language.missing, language.other, language.low_score.

        Version 1. Reference: FineWeb (Penedo et al. 2024): English with a score of at least 0.65.
        """

    @staticmethod
    def lines(
        data: Data,
        /,
        *,
        min_characters: int = 0,
        max_characters: int = 0,
        min_words: int = 0,
        max_digits_ratio: float = 1,
        max_upper_ratio: float = 1,
        terminal_punctuation: bool = False,
        patterns_file: str | PathLike[str] = "",
        ignore_case: bool = False,
        duplicates: bool = False,
        min_paragraph_words: int = 0,
        max_removed_ratio: float = 1,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Removes lines and paragraphs by rules on their length, characters and repetition, and drops
        documents of which too little is left.

            min_characters: Shorter lines go; 0 for no limit (at least 0 characters).
            max_characters: Longer lines go; 0 for no limit (at least 0 characters).
            min_words: Lines with fewer words (by white space) go; 0 for no limit (at least 0 words).
            max_digits_ratio: Lines of which digits are a greater share, white space apart, go; 1 for no
                limit (0..1).
            max_upper_ratio: Lines of which upper-case letters are a greater share, white space apart, go; 1
                for no limit (0..1).
            terminal_punctuation: Lines that do not end in . ! ? or another full stop, a closing quotation
                mark after one, or end in three stops, go.
            patterns_file: Lines in which one of these patterns (RE2 syntax, one a line, # begins a remark)
                matches go.
            ignore_case: Of the patterns.
            duplicates: Lines that stood before in the document, white space around them apart, go.
            min_paragraph_words: Paragraphs (between blank lines) that keep fewer words go; 0 for no limit
                (at least 0 words).
            max_removed_ratio: Documents that lose a greater share of their words are dropped; 1 for no
                limit (0..1).
            annotate: Write the verdict as a column instead of dropping.
            Adds the column `lines_removed` (integer): Lines that went by any rule.
            Adds the column `lines_removed_characters` (integer): Lines that went for their length.
            Adds the column `lines_removed_words` (integer): Lines that went for too few words.
            Adds the column `lines_removed_digits` (integer): Lines that went for their digits.
            Adds the column `lines_removed_upper` (integer): Lines that went for their upper-case letters.
            Adds the column `lines_removed_punctuation` (integer): Lines that went for the lack of an end
                mark.
            Adds the column `lines_removed_patterns` (integer): Lines that went by a pattern.
            Adds the column `lines_removed_duplicates` (integer): Lines that went as repetitions.
            Adds the column `lines_removed_paragraphs` (integer): Lines that went with their paragraph.
            Reasons: lines.nothing_left, lines.much_removed.

        Version 1. Reference: the line rules of C4 (Raffel et al. 2020) and RefinedWeb (Penedo et al. 2023,
        appendix G.2).
        """

    @staticmethod
    def noise(
        data: Data,
        /,
        *,
        max_score: float = 0.1,
        tag_weight: float = 10,
        min_characters: int = 100,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents that are short or full of leftover tags, by the noise score of a much copied
        example.

            max_score: Score that a document must stay below; 0 for no limit (at least 0).
            tag_weight: What a tag weighs: the score is tags times this through the length (at least 0
                characters).
            min_characters: Length that a document must be above; -1 for no limit (at least -1 characters).
            annotate: Write the verdict as a column instead of dropping.
            Adds the column `noise_score` (number): Tags times their weight through the length of the text
                in characters; 0 for an empty text.
            Reasons: noise.short, noise.noisy.

        Version 1. Reference: the cleaning example of Ray Data tutorials: len(re.findall('<[^>]+>', text)) *
        10 / len(text) < 0.1 and len(text) > 100.
        """

    @staticmethod
    def preference_pair(
        data: Data,
        /,
        *,
        require_prompt: bool = True,
        min_chars: int = 1,
        max_length_ratio: float = 0,
        max_similarity: float = 1,
        ngram: int = 3,
        others: Literal["drop", "keep"] = "drop",
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops preference pairs that prefer nothing: no prompt, no answer, answers that are the same or
        nearly.

            require_prompt: Drop pairs without a prompt, or with nothing but white space in it.
            min_chars: Shortest answer on either side (at least 0 code points).
            max_length_ratio: Longer answer divided by the shorter one, in code points; 0 = any ratio (at
                least 0).
            max_similarity: Greatest share of word n-grams that the two answers have in common (Jaccard
                index of the sets); above it they are nearly the same. Not looked at where both answers are
                shorter than an n-gram (0..1).
            ngram: Length of the n-grams of max_similarity (1..64 words).
            others: What becomes of documents that are no preference pairs. One of: drop, keep.
            annotate: Write the verdict as a column instead of dropping.
            Reasons: preference_pair.missing, preference_pair.malformed, preference_pair.no_prompt,
                preference_pair.prompts_differ, preference_pair.no_answer, preference_pair.short_answer,
                preference_pair.identical, preference_pair.similar, preference_pair.length_ratio.

        Version 1. Reference: docs/formats/conversation.md.
        """

    @staticmethod
    def url_density(
        data: Data,
        /,
        *,
        max_url_characters_ratio: float = 0.2,
        max_url_words_ratio: float = 1,
        max_ad_words_ratio: float = 0.05,
        ad_words: Sequence[str] = [],
        ad_words_file: str | PathLike[str] = "",
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Drops documents of which addresses or advertising words make up too large a share.

            max_url_characters_ratio: Greatest share of characters that belong to addresses; 1 for no limit
                (0..1).
            max_url_words_ratio: Greatest share of words (by white space) that hold an address; 1 for no
                limit (0..1).
            max_ad_words_ratio: Greatest number of hits of the list of advertising words for each word of
                the text; 1 for no limit (0..1).
            ad_words: Words and phrases of advertising, whatever their case.
            ad_words_file: More of them, one a line; lines that begin with # are left out.
            annotate: Write the verdict as a column instead of dropping.
            Adds the column `url_characters_ratio` (number): Share of characters that belong to addresses.
            Adds the column `url_words_ratio` (number): Share of words that hold an address.
            Adds the column `ad_words_ratio` (number): Hits of the list of advertising words for each word
                of the text.
            Reasons: url_density.url_characters, url_density.url_words, url_density.ad_words.

        Version 1. Reference: the URL ratio of NVIDIA NeMo Curator (more than 0.2 of the characters).
        """

class _Language:
    @staticmethod
    def identify(
        data: Data,
        /,
        *,
        model: str | PathLike[str] = "",
        bytes_max: int = 32768,
        per: Literal["document", "paragraph"] = "document",
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Adds the language of the text and how sure that is.

            model: fastText model, .bin or .ftz, whose labels are languages; empty for the built-in detector
                (CLD2).
            bytes_max: How much of the text is looked at, from its start; 0 for all of it (at least 0
                bytes).
            per: paragraph looks at each paragraph by itself (blank lines between; very short ones go with
                the next): language is then the one with the most bytes, its score their mean. One of:
                document, paragraph.
            Adds the column `language` (string): ISO 639-1 code, or the model's label; null when unknown.
            Adds the column `language_score` (number): How sure that is, 0..1; 0 when unknown.
            Adds the column `language_paragraphs` (string): With per: paragraph, JSON: shares of the bytes
                by language (und: unknown), and a list of [language, score, bytes]; else null.

        Version 2. Reference: CLD2 (compact language detector 2), or a supervised fastText model (Joulin et
        al. 2016).
        """

class _Normalize:
    @staticmethod
    def unicode(
        data: Data,
        /,
        *,
        form: Literal["nfc", "nfkc", "none"] = "nfc",
        repair_mojibake: bool = True,
        whitespace: bool = True,
        quotes: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Repairs mojibake, brings white space into order and normalizes Unicode.

            form: Unicode normalization; nfkc also changes meaning (superscripts, ligatures, full width).
                One of: nfc, nfkc, none.
            repair_mojibake: Undo UTF-8 that was read as windows-1252 or latin-1.
            whitespace: LF line ends, no blanks at line ends, at most two blank lines in a row, no control,
                zero-width or direction characters; indentation stays.
            quotes: Straighten curly quotes.
            Adds the column `charset_repaired` (boolean): True when mojibake was undone; null when not
                looked for.

        Version 1. Reference: Unicode Standard Annex 15; ftfy (Speer 2019) for the cases of mojibake.
        """

class _Redact:
    @staticmethod
    def pii(
        data: Data,
        /,
        *,
        kinds: Sequence[str] = ["email", "phone", "ip_address", "financial", "national_id", "secret"],
        action: Literal["placeholder", "remove", "pseudonym", "hash", "drop", "annotate"] = "placeholder",
        actions: Sequence[str] = [],
        key: str | PathLike[str] = "",
        digits: int = 12,
        style: Literal["placeholder", "fineweb"] = "placeholder",
        public_ips_only: bool = True,
        annotate: bool = False,
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Finds personal data and secrets by pattern, checksum and context, and replaces, removes, drops or
        counts them.

            kinds: What to look for: single kinds, or groups of them: contact (email, phone,
                postal_address), network (ip_address, mac_address, imei), financial (cards, IBANs, wallets),
                national_id (identity, tax, health and passport numbers of over 60 countries, named by
                country), secret (keys, tokens, passwords), person (person_name, birth_date). One of:
                contact, network, financial, national_id, secret, person, email, phone, ip_address, card,
                iban, us_ssn, cn_id, mac_address, imei, bitcoin_address, ethereum_address, postal_address,
                birth_date, person_name, private_key, jwt, url_password, assigned_secret, aws_access_key,
                github_token, gitlab_token, slack_token, stripe_key, google_api_key, openai_key,
                anthropic_key, huggingface_token, npm_token, pypi_token, sendgrid_key, twilio_key,
                shopify_token, digitalocean_token, telegram_token, us_itin, us_mbi, us_npi, ca_sin, mx_curp,
                mx_rfc, br_cpf, br_cnpj, ar_cuit, cl_rut, co_nit, pe_ruc, ec_ci, do_cedula, ve_rif, gb_nino,
                gb_nhs, gb_utr, ie_pps, de_tax_id, de_id_card, de_pension_id, fr_nir, fr_tax_id, es_dni,
                es_nie, it_codice_fiscale, it_partita_iva, pt_nif, nl_bsn, be_nrn, at_svnr, ch_ahv,
                pl_pesel, pl_nip, pl_id_card, cz_birth_number, hu_tax_id, hu_taj, ro_cnp, bg_egn, gr_afm,
                gr_amka, se_personnummer, no_fodselsnummer, dk_cpr, fi_hetu, ee_isikukood, lt_asmens_kodas,
                lv_personas_kods, is_kennitala, hr_oib, rs_jmbg, tr_tckn, ru_inn, ru_snils, ua_rnokpp,
                kz_iin, in_aadhaar, in_pan, hk_id, tw_id, kr_rrn, jp_my_number, sg_nric, my_nric, th_id,
                id_nik, vn_cccd, pk_cnic, lk_nic, au_tfn, au_medicare, nz_ird, za_id, il_id, ae_emirates_id,
                sa_id, ir_national_code, eg_national_id, kw_civil_id, passport.
            action: What to do with finds: put a placeholder such as <EMAIL>, take them out, put a pseudonym
                such as <EMAIL:1f0c32a98b7d> that is the same for the same value and key, the same with an
                unkeyed digest, drop the document, or only count. One of: placeholder, remove, pseudonym,
                hash, drop, annotate.
            actions: Other actions for some kinds or groups, as KIND=ACTION; later ones win.
            key: File with the secret key of pseudonyms, at least 16 bytes, or env:NAME for a variable of
                the environment.
            digits: Hexadecimal digits of a pseudonym or hash (8..64).
            style: Placeholders: <EMAIL>, <PHONE>, ...; or as in FineWeb, invented e-mail and IP addresses
                in turn (from the first in each document). One of: placeholder, fineweb.
            public_ips_only: Leave private, loopback, documentation and other special addresses alone.
            annotate: Write the verdict as a column instead of dropping.
            Adds the column `pii_count` (integer): Finds in the document.
            Adds the column `pii_kinds` (string): Finds by kind, such as email=2,phone=1; null for none.
            Adds the column `pii_contact` (integer): Finds of e-mail, telephone, address.
            Adds the column `pii_network` (integer): Finds of network and device addresses.
            Adds the column `pii_financial` (integer): Finds of cards, accounts, wallets.
            Adds the column `pii_national_id` (integer): Finds of identity numbers.
            Adds the column `pii_secret` (integer): Finds of keys and passwords.
            Adds the column `pii_person` (integer): Finds of names and dates of birth.
            Reasons: pii.email, pii.phone, pii.ip_address, pii.card, pii.iban, pii.us_ssn, pii.cn_id,
                pii.mac_address, pii.imei, pii.bitcoin_address, pii.ethereum_address, pii.postal_address,
                pii.birth_date, pii.person_name, pii.private_key, pii.jwt, pii.url_password,
                pii.assigned_secret, pii.aws_access_key, pii.github_token, pii.gitlab_token,
                pii.slack_token, pii.stripe_key, pii.google_api_key, pii.openai_key, pii.anthropic_key,
                pii.huggingface_token, pii.npm_token, pii.pypi_token, pii.sendgrid_key, pii.twilio_key,
                pii.shopify_token, pii.digitalocean_token, pii.telegram_token, pii.us_itin, pii.us_mbi,
                pii.us_npi, pii.ca_sin, pii.mx_curp, pii.mx_rfc, pii.br_cpf, pii.br_cnpj, pii.ar_cuit,
                pii.cl_rut, pii.co_nit, pii.pe_ruc, pii.ec_ci, pii.do_cedula, pii.ve_rif, pii.gb_nino,
                pii.gb_nhs, pii.gb_utr, pii.ie_pps, pii.de_tax_id, pii.de_id_card, pii.de_pension_id,
                pii.fr_nir, pii.fr_tax_id, pii.es_dni, pii.es_nie, pii.it_codice_fiscale,
                pii.it_partita_iva, pii.pt_nif, pii.nl_bsn, pii.be_nrn, pii.at_svnr, pii.ch_ahv,
                pii.pl_pesel, pii.pl_nip, pii.pl_id_card, pii.cz_birth_number, pii.hu_tax_id, pii.hu_taj,
                pii.ro_cnp, pii.bg_egn, pii.gr_afm, pii.gr_amka, pii.se_personnummer, pii.no_fodselsnummer,
                pii.dk_cpr, pii.fi_hetu, pii.ee_isikukood, pii.lt_asmens_kodas, pii.lv_personas_kods,
                pii.is_kennitala, pii.hr_oib, pii.rs_jmbg, pii.tr_tckn, pii.ru_inn, pii.ru_snils,
                pii.ua_rnokpp, pii.kz_iin, pii.in_aadhaar, pii.in_pan, pii.hk_id, pii.tw_id, pii.kr_rrn,
                pii.jp_my_number, pii.sg_nric, pii.my_nric, pii.th_id, pii.id_nik, pii.vn_cccd, pii.pk_cnic,
                pii.lk_nic, pii.au_tfn, pii.au_medicare, pii.nz_ird, pii.za_id, pii.il_id,
                pii.ae_emirates_id, pii.sa_id, pii.ir_national_code, pii.eg_national_id, pii.kw_civil_id,
                pii.passport.

        Version 3. Reference: RFC 5321/5322 (e-mail), E.164 (telephone), RFC 4291 and IANA registries (IP),
        ISO/IEC 7812 (cards), ISO 13616 (IBAN), SSA rules (SSN), GB 11643 (Chinese resident identity), the
        issuers' published check digits (other identity numbers), BIP 173/350 and EIP-55 (wallets), RFC 2104
        (pseudonyms).
        """

class _Tokenize:
    @staticmethod
    def bpe(
        data: Data,
        /,
        *,
        tokenizer: str | PathLike[str],
        pattern: Literal["auto", "gpt2", "cl100k", "llama3", "qwen2", "o200k"] = "auto",
        append_eos: bool = True,
        eos_token: str = "",
        add_bos: bool = False,
        bos_token: str = "",
        special_tokens: Literal["text", "allow", "quarantine"] = "text",
        allowed_special: Sequence[str] = [],
        text_column: str = "text",
        report: dict[str, Any] | None = None,
    ) -> Data:
        """Turns text into the token ids of a byte-level BPE tokenizer, exact to the id.

            tokenizer: A Hugging Face tokenizer.json with byte-level BPE, or a tiktoken rank file.
            pattern: How a rank file's text is cut before merging; auto goes by the number of ranks. A
                tokenizer.json has its own. One of: auto, gpt2, cl100k, llama3, qwen2, o200k.
            append_eos: Put the end token behind each document.
            eos_token: End token, by its text or id; empty: the tokenizer's <|endoftext|> or another usual
                name.
            add_bos: Put the begin token before each document.
            bos_token: Begin token, by its text or id; empty: the tokenizer's <|begin_of_text|> or another
                usual name.
            special_tokens: A document that spells a special token: text encodes it as plain text, allow as
                the token, quarantine keeps the document out. One of: text, allow, quarantine.
            allowed_special: Special tokens, by their text, that become the token wherever they are spelt;
                special_tokens is then about all others. With quarantine this is tiktoken's allowed_special,
                with text its allowed_special and disallowed_special=().
            Adds the column `token_count` (integer): Token ids of the document, begin and end token counted.
            Reasons: bpe.special_token, bpe.untokenizable.

        Version 1. Reference: Sennrich et al. 2016 (arXiv:1508.07909); byte-level as in GPT-2 (Radford et
        al. 2019).
        """

annotate: _Annotate
dedup: _Dedup
extract: _Extract
filter: _Filter
language: _Language
normalize: _Normalize
redact: _Redact
tokenize: _Tokenize
