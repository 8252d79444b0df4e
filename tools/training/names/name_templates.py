# SPDX-License-Identifier: Apache-2.0
"""Sentences with slots, for generated text. A quarter of each list is held back for judging.

Slots of names: {N} a full name, {F} a given and {L} a family name alone; each is to be found. Others: {P} place,
{C} company, {I} institution or thing named after somebody, {K} title of a work, {H} heading, {h} capitalized word,
{J} profession, {B} brand, {X} people, {T} form of address, {S} sentence, {s} words, {D} date, {Y} year, {M} month,
{W} day of the week, {q} word that begins a sentence, {E} e-mail, {O} order number, {A} age, {V} version.
"""

ENGLISH = """\
{N} joined {C} in {Y} as {J}.
Contact {N} at {E} for details.
My name is {N} and I live in {P}.
Best regards,\\n{N}
Sincerely,\\n\\n{N}\\n{J}, {C}
Dear {N},\\n\\nThank you for your message of {D}.
By {N} | {D}
Written by {N}, edited by {N}.
"{S}" said {N}, a {J} from {P}.
{N} was born on {D} in {P}.
The meeting with {N} and {N} is on {W}.
{T} {L} will see you on {W}.
{T} {N} of {C} agreed.
Author: {N}
Name: {N}\\nCity: {P}
Customer name: {N}, order {O}
According to {N}, {s}.
{N} ({A}) lives in {P} with {N}.
He met {N} in {P} in {M} {Y}.
{s}, {N} told reporters in {P} on {W}.
From: {N} <{E}>\\nTo: {N} <{E}>
cc {N}; {N}; {N}
{N}'s book about {P} appeared in {M}.
{N}, CEO of {C}, announced it on {W}.
The patient, {N}, was admitted on {D}.
We thank {N}, {N} and {N} for their help.
Photo by {N}
Posted by {N} on {D}
{N} won against {N} in {P}.
Please ask for {N} when you call.
{N} says:\\n{S}
Attorney {N} represented {C}.
Her colleague {N} works for {C} in {P}.
Signed by {N} on behalf of {C}.
In {Y}, {N} published a study with {N}.
{N} et al. ({Y}) showed that {s}.
Interview with {N} | {C}
President {N} visited {P} on {W}.
I spoke to {N} yesterday about {s}.
The late {N} left the house to {N}.
Applicant: {N}\\nDate of birth: {D}
{S} {N} replied that {s}.
directed by {N} and starring {N}
{N} and {N} married in {P} in {Y}.
Invoice to {N}, {P}
{T} {L} was a {J} at {C}.
My wife {N} and I moved to {P}.
Copyright {Y} {N}. All rights reserved.
{N} is a {X} {J} and author of "{K}".
{N} (born {D}) is a {X} {J}.
{N} (born {M} 4, {Y} in {P}; died {Y}) was a {X} {J}.
"{K}" is a song by {N} from the album {K}.
It was produced by {N}, {N} and {N}, who also wrote {K}.
The {Y} film {K} starred {N} as {N}.
{N} scored in the second half for {P} before {N} equalised.
After {N} left the band in {Y}, {N} took over on drums.
Defending champion {N} lost to {N} 6-4, 6-2.
{L} said {s}.
"{S}" {L} said.
{L} told the court that {s}.
{L} added that {s}.
But {L} was not sure about {s}.
{L} and {L} ({Y}) found that {s}.
As {L} notes, {s}.
Hi {F},\\n\\n{S}
Hello {F}, {s}.
Dear {F},\\n{S}
Thanks, {F}!
Thanks {F}. {S}
Cheers,\\n{F}
Best,\\n{F}
Love,\\n{F} and {F}
{F} said {s}.
My friend {F} and I {s}.
My brother {F} is {A}.
{F} and {F} {s} together in {P}.
Her husband {F} {s}.
I asked {F} to {s}.
{F} wrote: {S}
On {D}, {N} wrote:\\n> {S}
@{F} {s}
Her mother, {N}, {s}.
He is survived by his wife {F}, his sons {F} and {F}, and his sister {N}.
{N}, {A}, of {P}, passed away on {D}.
{N}, {J} at {C}, {s}.
{J} {N} {s}.
Senator {N} and Governor {N} {s}.
Former {X} minister {N} {s}.
Prime Minister {N} met {X} President {N} in {P}.
Judge {N} ruled on {W} that {s}.
{N} v. {C}, decided {D}
Professor {N} of the {I} {s}.
Rev. {N} {s} at the {I}.
Coach {N} praised {L} after the game.
The theorem was proved by {N} in {Y}.
{N} Photography, all rights reserved by {N}
Team: {N}, {N}, {N} and {N}.
Speakers\\n{N}\\n{N}\\n{N}
Attendees: {N} ({C}), {N} ({C})
1. {N}\\n2. {N}\\n3. {N}
| {N} | {P} | {A} |
{N}\\t{E}\\t{P}
"name": "{N}", "city": "{P}"
name={N}&city={P}
<author>{N}</author>
@author {N}
Reviewed-by: {N} <{E}>
Signed-off-by: {N} <{E}>
Reported by {N}, fixed by {N}
Maintainer: {N} <{E}>
Edited by {N} and {N} ({P}: {C}, {Y})
{N}, "{K}", {C}, {Y}
Translated by {N}
Illustrations: {N}
Music by {N}, lyrics by {N}
Comment by {N} — {D}
{N} on {D} at 5:03 pm
Review by {N}: {S}
{N} rated it 5 stars. {S}
I bought this from {N} in {P}. {S}
Ms {L} has worked for us since {Y}.
Mrs. {L} and her son {F} {s}.
Dear {T} {L},\\n\\n{S}
{T} {L}, you {s}.
The landlord, {N}, and the tenant, {N}, agree that {s}.
This agreement is made between {N} ("Seller") and {C} ("Buyer").
Witness: {N}
Sworn before me, {N}, notary of {P}, on {D}
Emergency contact: {N} (mother)
Doctor: {N}, {I}
Nurse {F} {s}.
King {F} of {P} {s}.
General {L} {s}.
President {L} {s}.
Captain {N} {s}.
Sheikh {N} and Pope {F} {s}.
Mayor {N} of {P} {s}.
Aunt {F} and Uncle {F} {s}.
Sen. {N} and Gov. {L} {s}.
Secretary {L} {s}.
Queen {F} {s}.
Justice {L} and Chairman {N} {s}.
Director {N} of the {I} {s}.
Ambassador {N} {s}.
Saint {F} {s}.
I am {N} from {P}.
This is {F} from {C}.
Call {F} on {W} or write to {N}.
Meet {N}, our new {J}.
Did you know that {N} {s}?
What {N} did in {P}: {s}
{N}: {S}
{N}'s {s}
where {N} and his brother {F} {s}
such as {N}, {N} or {N}
with help from {N} of {C}
with {N} (guitar) and {N} (drums)
including {X} {J} {N}
the {X} {J} {N} {s}
played by {N}
by {N}
In an interview with {C}, {N} {s}.
Between {Y} and {Y} {N} lived in {P}.
While {N} {s}, {N} {s}.
Although {L} {s}, {s}.
{N} lives in {P}. {L} {s}.
{N} works at {C}. {F} {s}.
When {F} was {A}, {s}.
{F}'s mother {s}.
{s} between {N} and {N}
{s} because {N} {s}.
{P} mayor {N} said on {W} that {s}.
{C} spokesman {N} said {s}.
{C} spokeswoman {N} declined to comment.
Police said {N}, {A}, {s}.
{q} {N} {s}.
{q} {N} {s}, {s}.
{q} {L} {s}.
{S} {q} {L} {s}.
{S} {q} {N} {s}.
{q} {F} {s}.
{q} {F} and {F} {s}?
{s}. {q} {L} {s}.
{q} {N} and {N} {s}.
"{q} {N}," {s}.
""".splitlines()

ENGLISH_NONE = """\
{S}
{S} {S}
{C} opened an office in {P} on {W}, {D}.
In {M} {Y}, {C} bought {C}.
{H}
{H}\\n{S}
# {H}\\n\\n{S} {S}
Welcome to {P}! {S}
The {H} of {P} is in {P}.
{P}, {P} and {P} are cities.
Read more: {H}
Version {V} of {B} was released on {W}.
{B} and {B} support {H}.
Copyright {Y} {C}. All Rights Reserved.
Privacy Policy Terms Of Service Contact Us About Us
Dear Sir or Madam,\\n{S}
Dear Customer,\\n{S}
The University of {P} and the {P} Museum of {h}
{W}, {M} 5: {S}
Monday Tuesday Wednesday Thursday Friday Saturday Sunday
January February March April May June July August
Order {O} was sent to {P} on {D}.
{J} wanted in {P}: {C} is hiring. {S}
Job title: {J}
{X} people and {X} food in {P}
The {X} {h} was {s}.
How To {h} Your {h} In {P}
Chapter {V}: {H}
{C} and {C} sign deal with {P} City Council
Lake {P}, Mount {P}, {P} Street, {P} Airport, Port {P}
New {P} and North {P} lie in {P}.
Dr. and Prof. are titles. {S}
Sign up with {B}, {B} or {B}.
Subject: {H}
Name: {C}\\nCity: {P}
Author: {C}
By {C} | {D}
{S} "{S}" it said on {W}.
The {P} {h}, {P} {h} and {H}
{C}: {S}
I moved from {P} to {P} in {M}. {S}
{I} {s}.
The {I} in {P} {s}.
the {I} and the {I}
{I}, {I} and {I}
He studied at the {I} and worked for {I}.
{s} at {I}, {P}
{P} is a town in {P} County, {P}.
{K} is a {Y} album.
{K} was published by {C}.
"{K}" and "{K}" {s}.
the film {K} ({Y})
{s} the {h} {h} Act of {Y}
The {h} {h} Committee {s}.
{X} {h} {h} {s}.
{X} Army, {X} Navy and {X} Air Force
{P} United beat {P} City 2-1.
{P} Tigers, {P} Lions and {P} Bears
the Battle of {P} in {Y}
{B} {h} {V} and {B} {h}
{h} {h} is a {h} {h}.
Table {V}: {H}
{h} {h}\\n{h} {h}\\n{h}
| {h} | {h} {h} | {P} |
{H} - {C}
{H} | {H} | {H}
Home {h} {h} {h} Contact
Click Here To {h}
{h} {h}: {s}
{h}: {h} {h}
Hello World! {s}
Hi there,\\n{S}
Hi All,\\n{S}
Thanks In Advance!
Best Regards,\\n{C}
Kind Regards,\\nThe {C} Team
Dear {h} {h} Team,\\n{S}
Dear Hiring Manager,\\n{S}
Said {s}.
{P} said {s}.
{C} said {s}.
The {J} said {s}.
The {h} said {s}.
President of {P} {s}.
Vice President {h} {h} {s}
Chief Executive Officer and Board of Directors of {C}
Senior {J} at {C}, {P}
{W} {M} 4th, {P} {h} {h}
Christmas Eve, New Year and Easter {W}
East {P}, West {P} and South {P}
{P} International Airport
{P} Road, {P} Avenue and {P} Square
Saint {P} and San {P}
General {h} and General {C}
King {I}, Queen {P} {h} and Prince {h}
President {h} and Secretary of {h}
the General {h} {s}
Major {h} {s}
Father {h} {s}
Director {h} and Minister of {h}
the Justice {h} and the Officer {h} Corps
Queen {h} and Lord {h} {s}
Captain {h} is a {B} game.
Fort {P}, Cape {P} and {P} Bay
River {P}, {P} River and {P} Valley
Made in {P}. {S}
{I} v. {P}, {Y}
United States District Court, Southern District of {P}
I Love {P}!
I {s} and I {s}.
OK, I {s}.
FAQ {h} {h} FAQ
JUST {s} NOW
{H}.\\n{S}
"{H}" {s}
{X} and {X} {h}
{X} Language, {X} History and {X} {h}
according to the {h} {h} Report {Y}
from {P}, {P}, to {P}
{B} {B}, {B} {h} and {B} for {B}
{q} {h} {s}.
{q} {C} {s}.
{q} {P} {s}.
{q} {h} {h} {s}.
{S} {q} {P} {s}.
{S} {q} {I} {s}.
""".splitlines()

CHINESE = """\
{N}先生您好，感谢您的来信。
{N}女士于{Y}年加入{C}。
姓名：{N}，电话：{F}
联系人：{N}
作者：{N}
记者{N}报道
{p}的{N}说：“{s}。”
我叫{N}，来自{P}。
{N}和{N}是同事。
总经理{N}表示，{s}。
{N}教授在{P}大学任教。
据{N}介绍，{s}。
客户{N}在{P}购买了产品。
{N}，{J}，毕业于{P}大学。
请联系{N}，邮箱{E}。
{s}，{N}认为{s}。
导演{N}、演员{N}出席了活动。
患者{N}，男，{A}岁。
收件人：{N} 地址：{P}
他的妻子{N}是{J}。
主编：{N} 编辑：{N}
{C}董事长{N}出席会议。
{N}出生于{Y}年，{P}人。
老师{N}带领学生参观{P}。
签名：{N}
原告{N}诉被告{N}一案
{N}医生说{s}。
我的朋友{N}昨天去了{P}。
感谢{N}、{N}和{N}的帮助。
{N}在{Y}年获得冠军。
尊敬的{N}先生：
亲爱的{N}：{s}。
发件人：{N} <{E}>
申请人{N}，身份证号码略。
嫌疑人{N}（男，{A}岁）已被警方控制。
法定代表人：{N}
{N}对记者说，{s}。
“{s}。”{N}说。
{N}告诉我，{s}。
由{N}主演的电影{s}。
{N}著，{C}出版社，{Y}年
歌手{N}新专辑{s}。
{P}市市长{N}{s}。
{P}公安局民警{N}{s}。
中共{P}市委书记{N}{s}。
{s}，{N}笑着说。
{N}老师，您好！{s}。
班长{N}和同学{N}{s}。
{N}今年{A}岁，{s}。
母亲{N}、父亲{N}
{N}的{w}{s}。
{s}。{N}{s}。
图为{N}在{P}{s}。
评论员 {N}
[{N}]：{s}
{N} {Y}-05-04 回复：{s}
用户{N}发表评论：{s}
订单收货人{N}，{P}
由{N}负责{w}。
同事{N}帮我{w}。
{N}、{N}、{N}
1.{N} 2.{N} 3.{N}
""".splitlines()

CHINESE_NONE = """\
{s}。
{s}，{s}。
{s}，{s}，{s}。
{C}位于{P}，{s}。
{P}市{s}，{s}。
{w}、{w}和{w}
关于{w}的{w}
{Y}年{s}，{C}{s}。
联系我们 {w} {w} 版权所有
{w}：{w}
如何{w}{w}？{s}。
{w}先生{s}
{P}到{P}的{w}
首页 {w} {w} {w}
姓名：{w}
作者：{w}{w}
{w}说，{s}。
“{s}。”{w}说。
{P}、{P}和{P}
{C}表示，{s}。
{w}{w}（{Y}）
本{w}由{C}{w}。
亲爱的{w}：{s}。
联系人：{w}{w}
{w}同志{s}。
第{A}章 {w}{w}
上一篇：{w}{w} 下一篇：{w}
{P}{w}大学{w}学院
{Y}年{w}月，{s}。
产品名称：{w}{w} 价格：{A}元
“{w}”{s}，{s}！
请问{s}？{s}。
{s}；{s}；{s}。
{P}至{P}高速公路{s}
{w}公园、{w}山和{w}湖
由{w}主办，{w}协办
网友：{s}
责任编辑：{w}
""".splitlines()
