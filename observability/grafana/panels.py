"""What a dashboard is made of. A panel is a question: its title, its unit, its queries, and a word on what may mislead."""

def timeseries(title, unit, *queries, text="", stacked=False, top=None):
    custom = {"fillOpacity": 20 if stacked else 0, "stacking": {"mode": "normal" if stacked else "none"}}
    defaults = {"unit": unit, "min": 0, "custom": custom} | ({"max": top} if top else {})
    return panel("timeseries", title, unit, queries, text, defaults)


def stat(title, unit, *queries, text="", bad_above=None, good_above=None):
    steps = [{"color": "green", "value": None}]
    if bad_above is not None:
        steps.append({"color": "red", "value": bad_above})
    if good_above is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": good_above}]
    defaults = {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}}
    return panel("stat", title, unit, queries, text, defaults, instant=True)


def panel(kind, title, unit, queries, text, defaults, instant=False):
    targets = [
        {"refId": chr(65 + n), "expr": expr, "legendFormat": legend, "instant": instant, "exemplar": not instant,
         "datasource": source("prometheus", "datasource")}
        for n, (expr, legend) in enumerate(queries)
    ]
    return {"type": kind, "title": title, "description": text, "datasource": source("prometheus", "datasource"),
            "fieldConfig": {"defaults": defaults, "overrides": []}, "targets": targets}


def words(title, markdown):
    return {"type": "text", "title": title, "options": {"mode": "markdown", "content": markdown}}


def logs(title, query):
    target = {"refId": "A", "expr": query, "datasource": source("loki", "loki")}
    return {"type": "logs", "title": title, "datasource": source("loki", "loki"), "targets": [target],
            "options": {"showTime": True, "wrapLogMessage": True, "sortOrder": "Ascending"}}


def traces(title, query):
    target = {"refId": "A", "queryType": "traceql", "query": query, "limit": 20, "datasource": source("tempo", "tempo")}
    return {"type": "table", "title": title, "datasource": source("tempo", "tempo"), "targets": [target]}


def source(kind, variable):
    return {"type": kind, "uid": f"${{{variable}}}"}


def chosen(name, label, query, everything=True):
    choice = {"name": name, "label": label, "type": "query", "datasource": source("prometheus", "datasource"),
              "query": {"query": query, "refId": name}, "definition": query, "refresh": 2, "sort": 1}
    return choice | ({"includeAll": True, "multi": True, "current": {"text": "All", "value": "$__all"}} if everything else {})


def sources(*kinds):
    names = {"prometheus": "datasource", "loki": "loki", "tempo": "tempo"}
    return [{"name": names[kind], "label": kind.capitalize(), "type": "datasource", "query": kind} for kind in kinds]


def dashboard(uid, title, description, variables, rows):
    """The whole page, as Grafana keeps it."""
    panels, y = [], 0
    for heading, row in rows:
        bar = {"type": "row", "title": heading, "collapsed": False, "panels": []}
        panels.append({"id": len(panels) + 1, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}} | bar)
        y += 1
        # What is read, such as logs, has the page's width; what is compared stands side by side.
        read = any(one["type"] in ("logs", "table", "text") for one in row)
        width, height = 24 if read else 24 // len(row), 4 if row[0]["type"] == "stat" else 8
        for nth, one in enumerate(row):
            place = {"x": 0, "y": y + nth * height} if read else {"x": nth * width, "y": y}
            panels.append({"id": len(panels) + 1, "gridPos": place | {"w": width, "h": height}} | one)
        y += height * (len(row) if read else 1)
    link = {"type": "dashboards", "title": "CloudEats", "tags": ["cloudeats"], "asDropdown": True, "includeVars": True, "keepTime": True}
    return {
        "id": None,
        "uid": uid,
        "title": f"CloudEats / {title}",
        "description": description,
        "tags": ["cloudeats"],
        "timezone": "utc",
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": variables},
        "annotations": {"list": []},
        "links": [link],
        "panels": panels,
    }


PROMETHEUS = sources("prometheus")
