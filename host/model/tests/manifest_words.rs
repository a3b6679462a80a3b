//! What is wrong in an `app.toml` is told in each language by itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use yunlong_model::{Manifest, Text};

fn refused(text: &str) -> Text {
    Manifest::parse(text).unwrap_err().text()
}

const MINIMAL: &str = "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"v\"\ntitle = { zh = \"你好\", en = \"Hello\" }\ndescription = { zh = \"问好\", en = \"Greets\" }\n";

#[test]
fn what_the_parser_refuses_is_told_in_chinese_with_its_place() {
    for (extra, zh) in [
        ("colour = 1", "第 6 行第 1 列：没有名为“colour”的字段"),
        ("counters = 1", "第 6 行第 12 列：值的类型不对"),
        ("[[publishes]]\nname = \"a\"\naudience = \"all\"", "不能取“all”这个值，可用的是 `own`、`city`"),
        ("x = [", "内容不符合 TOML 的写法"),
        ("[[roles]]\nname = \"clerk\"", "缺少字段“title”"),
    ] {
        let text = refused(&format!("{MINIMAL}{extra}"));
        assert!(text.zh.starts_with("app.toml 无法解析：") && text.zh.contains(zh), "{extra}: {}", text.zh);
        assert!(text.en.starts_with("app.toml: TOML parse error at line"), "{}", text.en);
    }
    let name = refused(&MINIMAL.replace("hello", "Hello"));
    assert!(name.zh.contains("“Hello”不能作为名称"), "{}", name.zh);
}

#[test]
fn a_wrong_field_is_told_in_each_language_and_in_none_of_the_other() {
    for (extra, zh, en) in [
        ("counters = [\"a\", \"a\"]", "字段“counters[1]”有误：“a”重复出现", "counters[1]: `a` stands there twice"),
        ("[limits]\nmemory_mib = 0", "0 不在 1 至 256 之间", "0 is not in 1 to 256"),
        ("[assets]\ndir = \"../x\"", "必须是 app.toml 所在文件夹之下的文件夹", "must be a folder below"),
        ("outbound = [\"*.example.org\"]", "不是主机名", "is not a host"),
        ("[[consumes]]\ntopic = \"a.b\"", "应用订阅了自己的主题", "consumes its own topic"),
        (
            "[[collections]]\nname = \"c\"\n[[collections.indexes]]\nname = \"id\"\nfields = [\"x\"]",
            "请换一个名称",
            "choose another name",
        ),
        ("[config]\ntype = \"object\"\n[config.properties.a]\n\"$ref\" = \"#/x\"", "无处可寻", "leads nowhere"),
        ("[[consumes]]\ntopic = \"a.b\"\nfrom = \"console\"", "由平台保留", "is reserved"),
    ] {
        let text = refused(&format!("{MINIMAL}{extra}"));
        assert!(text.zh.contains(zh), "{extra}: {}", text.zh);
        assert!(text.en.contains(en), "{extra}: {}", text.en);
        for english in [" is ", " the ", "must", "name ", "at most"] {
            // An option of the command line is written as it is typed.
            assert!(!text.zh.replace("--name", "").contains(english), "{english} in {}", text.zh);
        }
        assert!(text.en.is_ascii(), "{}", text.en);
    }
}
