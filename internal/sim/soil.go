package sim

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// What registers make of names. The lists are the simulator's own, so that what
// Hedui knows of spellings is not tested with itself.
var (
	otherDots = []string{"•", "・", "‧", "∙", "⋅", "．", ".", " ", "-", ""}
	boxes     = []string{"?", "？", "□", "■", "〓", "*", "��", "??"}
	remarks   = []string{"(小)", "（女）", "[户主]", "（已故）", "(老)"}
	syllables = strings.Fields("yan jie long xin zhe miao hao xuan ying wei lu tao")
)

// traditional are the traditional forms of characters that occur in names here.
var traditional = strings.NewReplacer("张", "張", "刘", "劉", "陈", "陳", "杨", "楊", "赵", "趙", "黄", "黃", "吴", "吳", "孙", "孫", "马", "馬", "罗", "羅", "郑", "鄭",
	"谢", "謝", "许", "許", "韩", "韓", "冯", "馮", "邓", "鄧", "萧", "蕭", "蒋", "蔣", "叶", "葉", "苏", "蘇", "吕", "呂", "卢", "盧", "钟", "鍾", "谭", "譚", "陆", "陸",
	"贾", "賈", "邹", "鄒", "秦", "秦", "阎", "閻", "龙", "龍", "顾", "顧", "龚", "龔", "钱", "錢", "汤", "湯", "应", "應", "伟", "偉", "强", "強", "军", "軍", "杰", "傑",
	"涛", "濤", "刚", "剛", "辉", "輝", "鹏", "鵬", "飞", "飛", "轩", "軒", "国", "國", "华", "華", "东", "東", "云", "雲", "义", "義", "荣", "榮", "兴", "興", "乐", "樂",
	"静", "靜", "丽", "麗", "艳", "艷", "红", "紅", "兰", "蘭", "莲", "蓮", "凤", "鳳", "洁", "潔", "颖", "穎", "怡", "怡", "梦", "夢", "瑶", "瑤", "爱", "愛", "买", "買",
	"热", "熱", "尔", "爾", "古丽", "古麗", "吾", "吾", "逊", "遜", "玛", "瑪", "伊", "伊")

// soilName puts a flaw into the name, and reports false where it cannot have it.
func (c *City) soilName(r *rand.Rand, i int32, f Flaw, e *Entry) bool {
	name := []rune(e.Name)
	at := 1 + r.IntN(len(name)-1) // never the family name
	replace := func(s string) string { return string(name[:at]) + s + string(name[at+1:]) }
	long := strings.Contains(e.Name, "·")
	switch f {
	case CutName:
		keep := 4 + r.IntN(5)
		if !long || keep >= len(name)-1 {
			return false
		}
		e.Name = strings.TrimSuffix(string(name[:keep]), "·")
		return len([]rune(bareName(e.Name))) >= 4
	case DotVariant:
		e.Name = strings.Replace(e.Name, "·", otherDots[r.IntN(len(otherDots))], 1)
		return long
	case OldName, FormerName:
		if long {
			return false
		}
		if f == FormerName {
			e.OtherName = e.Name
		}
		e.Name = string(name[0]) + "小" + string(womanly[r.IntN(len(womanly))])
		return e.Name != c.name(i)
	case Mistaken:
		pool := slices.Concat(manly, womanly)
		e.Name = replace(string(pool[r.IntN(len(pool))]))
		return name[at] != '·' && e.Name != c.name(i)
	case Traditional:
		e.Name = traditional.Replace(e.Name)
	case HomeMade:
		e.Name = replace(string(0xe000 + r.Int32N(0x1800)))
	case Question:
		e.Name = replace(boxes[r.IntN(len(boxes))])
	case Syllable:
		e.Name = replace(syllables[r.IntN(len(syllables))])
		return name[at] != '·'
	case BlankName:
		e.Name = string(name[:at]) + []string{" ", "  ", "\u3000", "\u00a0", "\u200b"}[r.IntN(5)] + string(name[at:])
	case Remark:
		e.Name += remarks[r.IntN(len(remarks))]
	}
	return e.Name != c.name(i)
}
