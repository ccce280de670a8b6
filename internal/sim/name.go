package sim

import (
	"math/rand/v2"
	"strings"
)

// Characters and words that names are put together from.
var (
	surnames = []rune("王李张刘陈杨黄赵周吴徐孙马胡朱郭何罗高林郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤竺裘励应")
	manly    = []rune("伟强磊军勇杰涛明超刚平辉鹏飞波斌浩宇轩博文俊峰毅志国建华东海龙云生祥林春良忠义德荣根福兴昌永康乐成清")
	womanly  = []rune("芳娜敏静丽娟艳秀英霞燕玲桂珍萍红梅兰菊香莲琴珠凤洁雪倩婷颖琳雅欣怡佳慧思雨涵梦瑶琪月娥素云翠彩爱芬美")
	// Names with a middle dot: U+00B7 is right, registers often have another.
	dotGiven  = strings.Fields("阿依古丽 热依汗 古丽娜尔 买买提 阿不都拉 艾山江 努尔兰 帕提古丽 吐尔逊 玛依拉 木拉提 迪丽努尔")
	dotFather = strings.Fields("买买提 吐尔逊 阿不都热合曼 艾合买提 依明 卡德尔 哈斯木 玉素甫")
)

// dotted is the surname of people whose names have a middle dot.
const dotted = 255

const someDotted = 170 // one household in so many

func drawSurname(r *rand.Rand) uint8 {
	if r.IntN(someDotted) == 0 {
		return dotted
	}
	a := r.IntN(len(surnames))
	return uint8(min(a, r.IntN(len(surnames)))) //nolint:gosec // the list is shorter than 255; common names come first
}

// drawGiven keeps the choice as one number: which characters, and whether one or two.
func drawGiven(r *rand.Rand) uint16 { return uint16(r.IntN(1 << 16)) } //nolint:gosec // in range

// name returns the name of person i as the registers have it.
func (c *City) name(i int32) string {
	if int(i) < len(fixtures) {
		return fixtures[i].name
	}
	p := &c.people[i]
	g := int(p.given)
	if p.surname == dotted {
		return dotGiven[g%len(dotGiven)] + "·" + dotFather[g>>8%len(dotFather)]
	}
	pool := womanly
	if p.male() {
		pool = manly
	}
	name := []rune{surnames[p.surname], pool[g%len(pool)]}
	if g>>13 != 0 { // seven of eight have two characters
		name = append(name, pool[(g>>6)%len(pool)])
	}
	return string(name)
}

// sameName compares names as a careful register does: without blanks and
// whatever stands for the middle dot.
func sameName(a, b string) bool { return bareName(a) == bareName(b) }

func bareName(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" 　·•・．.‧", r) {
			return -1
		}
		return r
	}, s)
}
