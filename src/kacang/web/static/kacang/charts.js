// Charts from JSON beside them; only on pages that have one. Tooltips are drawn on the canvas,
// because the content security policy refuses styles written into HTML.
(function () {
  'use strict';
  const root = document.documentElement;
  const drawn = new Map();
  const token = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function common() {
    return {
      textStyle: { fontFamily: token('--bs-font-sans-serif') },
      animation: false,
      aria: { enabled: false },
      tooltip: {
        trigger: 'axis', renderMode: 'richText', confine: true,
        backgroundColor: token('--c-surface'), borderColor: token('--bs-border-color'),
        textStyle: { color: token('--bs-body-color'), fontSize: 13 },
      },
    };
  }

  function trendSeries(row, colours) {
    const line = { name: row.name, data: row.data, yAxisIndex: row.second ? 1 : 0 };
    if (row.kind === 'bar') {
      return { ...line, type: 'bar', itemStyle: { color: colours[1], borderRadius: [3, 3, 0, 0] }, barMaxWidth: 12, z: 1 };
    }
    if (row.kind === 'dashed') {
      const grey = token('--chart-5');
      return { ...line, type: 'line', smooth: 0.3, symbol: 'none', lineStyle: { color: grey, width: 1.5, type: 'dashed' }, itemStyle: { color: grey }, z: 2 };
    }
    const area = row.kind === 'area' ? {
      areaStyle: { color: { type: 'linear', x: 0, y: 0, x2: 0, y2: 1, colorStops: [{ offset: 0, color: colours[0] + '33' }, { offset: 1, color: colours[0] + '00' }] } },
    } : {};
    return { ...line, type: 'line', smooth: 0.3, symbol: 'circle', showSymbol: false, lineStyle: { color: colours[0], width: 2.5 }, itemStyle: { color: colours[0] }, z: 3, ...area };
  }

  function trend(data) {
    const text = token('--chart-text');
    const grid = token('--chart-grid');
    const narrow = innerWidth < 768;
    const colours = [token('--chart-1'), token('--chart-2')];
    const plain = ['--chart-1', '--chart-4', '--chart-3', '--c-purple'].map(token);
    let lines = 0;
    const series = data.series.map((row) => {
      const colour = ['line', 'area'].includes(row.kind) ? plain[lines++ % plain.length] : colours[0];
      return trendSeries(row, [colour, colours[1]]);
    });
    const axis = { type: 'value', splitLine: { lineStyle: { color: grid } }, axisLabel: { color: text } };
    return {
      ...common(),
      grid: { left: 8, right: 8, top: 34, bottom: 4, containLabel: true },
      legend: { right: 0, top: 0, itemWidth: 14, itemHeight: 4, icon: 'roundRect', textStyle: { color: text } },
      xAxis: { type: 'category', data: data.labels, axisLine: { lineStyle: { color: grid } }, axisTick: { show: false }, axisLabel: { color: text, interval: narrow ? 'auto' : undefined } },
      yAxis: [{ ...axis, name: narrow ? '' : data.unit, nameTextStyle: { color: text, align: 'right', padding: [0, 6, 0, 0] } }, { type: 'value', show: false, max: (range) => range.max * 2.6 }],
      series,
    };
  }

  function rank(data) {
    const total = data.series[0].data.reduce((sum, number) => sum + number, 0) || 1;
    return {
      ...common(),
      tooltip: { ...common().tooltip, trigger: 'item' },
      grid: { left: 0, right: 54, top: 4, bottom: 4, containLabel: true },
      xAxis: { type: 'value', show: false },
      yAxis: { type: 'category', inverse: true, data: data.labels, axisLine: { show: false }, axisTick: { show: false }, axisLabel: { color: token('--bs-body-color'), fontSize: 13 } },
      series: [{ type: 'bar', name: data.series[0].name, data: data.series[0].data, barWidth: 12, showBackground: true, backgroundStyle: { color: token('--c-mute-bg'), borderRadius: 6 }, itemStyle: { color: token('--chart-1'), borderRadius: 6 }, label: { show: true, position: 'right', color: token('--chart-text'), formatter: (point) => (point.value / total * 100).toFixed(1) + '%' } }],
    };
  }

  function draw() {
    document.querySelectorAll('[data-chart]').forEach((box) => {
      const source = document.getElementById(box.dataset.chart);
      if (!source || box.offsetParent === null) { return; }
      const data = JSON.parse(source.textContent);
      if (!drawn.has(box)) { drawn.set(box, echarts.init(box, null, { renderer: 'canvas' })); }
      drawn.get(box).setOption(data.kind === 'rank' ? rank(data) : trend(data), true);
    });
  }

  draw();
  document.addEventListener('kacang:theme', draw);
  document.body.addEventListener('htmx:afterSettle', draw);
  addEventListener('resize', () => drawn.forEach((chart) => chart.resize()));
})();
