# The twin (docker build -t streamtwin .), or the page with a twin of its own (docker build --target page -t streamtwin-page .).
# A command in exec form is process 1 itself, so that `docker stop` and Kubernetes reach it with SIGTERM.

FROM python:3.12-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/streamtwin
COPY requirements.txt constraints.txt ./
RUN grep -v '^gradio' requirements.txt > requirements-twin.txt && pip install -r requirements-twin.txt -c constraints.txt
COPY backends/ backends/
COPY mock_server/ mock_server/

FROM base AS page
RUN pip install -r requirements.txt -c constraints.txt
COPY demo/ demo/
USER 10001:10001
ENV HOME=/tmp
EXPOSE 7860
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/', timeout=2)"]
ENTRYPOINT ["python", "-m", "demo", "--host", "0.0.0.0", "--port", "7860"]

FROM base AS twin
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/_mock/health', timeout=2)"]
ENTRYPOINT ["python", "-m", "mock_server", "--host", "0.0.0.0", "--port", "8080"]
